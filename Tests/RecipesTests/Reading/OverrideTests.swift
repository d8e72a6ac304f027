import Foundation
import PolicyOptimization
import Recipes
import Testing

@Suite struct OverrideTests {
  private func set(_ assignments: String...) -> [RecipeOverride] {
    assignments.compactMap { RecipeOverride(assignment: $0) }
  }

  @Test(arguments: [
    ("train.beta=0.125", "train.beta=0.125"),
    ("tokenizer.vocab_size=280", "tokenizer.vocab_size=280"),
    ("model.num_key_value_heads=2", "model.num_key_value_heads=2"), ("a=b=c", "a=b=c"),
    ("--set=rewards.0.env.API_TOKEN=s3cret", "--set=rewards.0.env.API_TOKEN=***"),
    ("rewards.0.env.MODE=fast", "rewards.0.env.MODE=fast"),
    ("rewards.0.token=s3cret", "rewards.0.token=***"),
    ("rewards.0.token=env:NAME", "rewards.0.token=env:NAME"),
    ("rewards.0.headers.X-Api=s3cret", "rewards.0.headers.X-Api=***"),
    ("rewards.0.url=http://me:s3cret@host/?k=1", "rewards.0.url=http://***@host/?***"),
    ("http://me:s3cret@host/", "http://***@host/"),
    ("rewards=[{ url: 'http://host', token: s3cret }]", "rewards=***"),
    ("rewards=[{ name: regex, pattern: a=b }]", "rewards=[{ name: regex, pattern: a=b }]"),
  ])
  func aShownAssignmentHasNoSecrets(word: String, shown: String) {
    #expect(RecipeOverride.redacted(word) == shown)
  }

  @Test func replacesAScalarAListAndAMap() throws {
    let recipe = try SampleRecipe.recipe(
      overrides: set(
        "train.beta=0.125", "evaluation.k=[1, 2, 4]", "tokenizer={ path: own.model }", "seed=7"))
    #expect(recipe.train?.axes.objective.klPenalty?.coefficient == 0.125)
    #expect(recipe.evaluation?.k == [1, 2, 4])
    #expect(
      recipe.tokenizer == .file(FileManager.default.currentDirectoryPath + "/own.model"))
    #expect(recipe.seed == 7)
  }

  @Test func reachesItemsByIndexAndAppendsAtTheEnd() throws {
    let recipe = try SampleRecipe.recipe(
      overrides: set("evaluation.k.1=3", "rewards.1={ name: contains }", "rewards.1.weight=0.5"))
    #expect(recipe.evaluation?.k == [1, 3])
    #expect(recipe.rewards.map(\.label) == ["exact_match", "contains"])
    #expect(recipe.rewards.last?.weight == 0.5)
  }

  @Test func makesTheSectionsThatAreAbsent() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "warm_start:\n  steps: 10\n  learning_rate: 1e-3\n", with: "",
      overrides: set("warm_start.steps=3", "warm_start.learning_rate=0.5"))
    #expect(recipe.warmStart?.steps == 3)
  }

  @Test func nullAsksForTheDefault() throws {
    let recipe = try SampleRecipe.recipe(
      overrides: set("warm_start=null", "train.num_iterations=~", "evaluation=null"))
    #expect(recipe.warmStart == nil)
    #expect(recipe.train?.axes.epochs == 1)
    #expect(recipe.evaluation == Recipe.Evaluation())
  }

  @Test func theLaterOneWins() throws {
    #expect(try SampleRecipe.recipe(overrides: set("seed=1", "seed=2") + [.seed(3)]).seed == 3)
  }

  @Test func commonOptionsSetTheirKeys() throws {
    let recipe = try SampleRecipe.recipe(
      overrides: [.seed(9), .steps(3), .output("my: runs/#1")])
    #expect(recipe.seed == 9)
    #expect(recipe.train?.totalSteps == 3)
    #expect(recipe.output == "my: runs/#1")
  }

  @Test(arguments: [
    ("train.beta=-1", "--set train.beta: is out of range (got -1; need a number from 0 to 100)"),
    ("train.betta=1", "--set train.betta: unknown key (did you mean beta?)"),
    (
      "train={ beta: x }",
      "--set train: train.beta: is not a number (got x; need a number from 0 to 100)"
    ),
    ("train.beta=", "--set train.beta: is not a number (got nothing; need a number from 0 to 100)"),
    (
      "train.stop=[",
      "--set train.stop: is not valid YAML: did not find expected node content while parsing a flow node"
    ),
    ("seed.x=1", "--set seed.x: has no such key (seed is 4, not a map)"),
    ("evaluation.k.3=2", "--set evaluation.k.3: is not an index of the list (got 3; need 0 to 2)"),
    (
      "evaluation.k.one=2",
      "--set evaluation.k.one: is not an index of the list (got one; need 0 to 2)"
    ),
    ("train..beta=2", "--set train..beta: is not a key (need names separated by dots)"),
    (
      "train.steps=6",
      "--set train.steps: is more than outer_iterations × steps_per_iteration (got 6; need at most 5, or a larger train.outer_iterations)"
    ),
  ])
  func errorsNameTheOption(_ assignment: String, _ expected: String) throws {
    let error = try SampleRecipe.error(
      replacing: "output:", with: "seed: 4\noutput:", overrides: set(assignment))
    #expect(error == expected)
  }

  @Test func errorsNameTheCommonOptions() throws {
    #expect(
      try SampleRecipe.error(overrides: [.seed(-1)])
        == "--seed: is out of range (got -1; need a whole number from 0 up)")
    #expect(
      try SampleRecipe.error(overrides: [.steps(0)])
        == "--steps: is out of range (got 0; need a whole number from 1 up)")
    #expect(
      try SampleRecipe.error(overrides: [.output("")])
        == "--output: is not a text (got \"\"; need a text)")
  }

  @Test func anAssignmentNeedsAKeyAndAnEqualsSign() {
    #expect(RecipeOverride(assignment: "train.beta") == nil)
    #expect(RecipeOverride(assignment: "=1") == nil)
    #expect(RecipeOverride(assignment: "output=a=b") != nil)
  }
}
