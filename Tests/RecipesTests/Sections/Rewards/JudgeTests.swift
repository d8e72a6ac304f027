import Recipes
import Testing

@Suite struct JudgeTests {
  private func recipe(_ keys: String) throws -> Recipe {
    try SampleRecipe.recipe(
      replacing: "  - exact_match\n", with: "  - { model: models/judge\(keys) }\n")
  }

  private func judge(
    _ style: Recipe.Judge.Style, appendsEOS: Bool = true
  ) -> Recipe.Reward.Source {
    var judge = Recipe.Judge()
    judge.directory = "/home/r/models/judge"
    (judge.style, judge.appendsEOS) = (style, appendsEOS)
    return .model(judge)
  }

  @Test func aJudgeReadsAsRewardModelsOfTheProgramAreTrained() throws {
    let reward = try recipe("").rewards[0]
    #expect(reward.source == judge(.grpo) && reward.label == "judge")
  }

  @Test func itsStyleAndTheEndBehindCompletionsCanBeChosen() throws {
    let trl = try recipe(", style: trl")
    #expect(trl.rewards[0].source == judge(.trl))
    let withoutEnd = try recipe(", append_eos: false")
    #expect(withoutEnd.rewards[0].source == judge(.grpo, appendsEOS: false))
    for recipe in [trl, withoutEnd] {
      let text = recipe.resolvedYAML(relativeTo: "/home/r")
      #expect(try Recipe(yaml: text, file: "/home/r/recipe.yaml") == recipe)
    }
  }

  @Test(arguments: [
    (
      "{ model: m, style: trl, append_eos: false }",
      "23: rewards.0.append_eos: has no effect with style trl (need grpo)"
    ),
    (
      "{ model: m, style: other }",
      "23: rewards.0.style: is unknown (got other; need grpo or trl)"
    ),
  ])
  func whatItCannotReadIsRefused(reward: String, problem: String) throws {
    let error = try SampleRecipe.error(replacing: "  - exact_match", with: "  - \(reward)")
    #expect(error == "sample.yaml:\(problem)")
  }
}
