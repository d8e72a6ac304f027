import Foundation
import PolicyOptimization
import Recipes
import Testing

/// Keys that change nothing beside others are named: refused where they contradict what was chosen,
/// warned of where a longer run would give them an effect.
@Suite struct KeysWithoutEffectTests {
  private static let once =
    "has no effect with one update per step (num_iterations 1, num_mini_batches 1), where "
  private static let drew = once + "the policy has not changed since sampling"
  private static let same =
    "has no effect with steps_per_iteration 1, where the reference is still the policy"
  private static let single =
    "has no effect in a run of one iteration: the reward model is trained only once, before it"
  private static let never =
    "has no effect with ref_model_sync_steps 5, which the run's 5 steps do not exceed"
  private static let one =
    "has no effect with top_k 1, which always samples the most probable token"

  /// The warnings of a recipe without their places.
  private static func warnings(
    _ keys: String, sections: String = "", without line: String = "  num_iterations: 2\n"
  ) throws -> [String] {
    let text = SampleRecipe.text.replacing(line, with: keys) + sections
    let recipe = try Recipe(yaml: text, file: "/home/r/sample.yaml")
    // What is written down is read again, with the same effect.
    #expect(
      try Recipe(yaml: recipe.resolvedYAML(relativeTo: "/r"), file: "/r/recipe.yaml") == recipe)
    return recipe.warnings.map { String($0.drop { $0 != " " }.dropFirst()) }
  }

  @Test(arguments: [
    (
      "  off_policy_mask_threshold: 1\n",
      ["train.off_policy_mask_threshold: \(once)the ratio is always 1"]
    ),
    ("  num_iterations: 2\n  off_policy_mask_threshold: 1\n", []),
    (
      "  old_kl_coef: 1\n  old_kl_estimator: k3\n  old_kl_controller: adaptive\n  old_kl_target: 1\n",
      ["coef", "estimator", "controller", "target"].map { "train.old_kl_\($0): \(drew)" }
    ),
    // The gradient of k1 is 1 there.
    ("  old_kl_coef: 1\n  old_kl_estimator: k1\n", []),
    ("  algorithm: ppo-kl\n", []),
    (
      "  algorithm: ppo-adaptive-kl\n  num_iterations: 1\n  num_mini_batches: 1\n", []
    ),
    (
      "  algorithm: ppo-kl\n  num_iterations: 1\n  num_mini_batches: 1\n  old_kl_coef: 2\n",
      ["train.old_kl_coef: \(drew)"]
    ),
    ("  beta: 0.1\n  use_bias_correction_kl: true\n", []),
    (
      "  algorithm: actor-critic\n  value: { model: policy, clip: 0.1 }\n",
      ["train.value.clip: \(once)the value has not changed yet"]
    ),
    (
      "  algorithm: actor-critic\n  value: { epochs: 1, clip: 0.1 }\n",
      [
        "train.value.clip: has no effect with one value update per step, where the value has not changed yet"
      ]
    ),
    ("  algorithm: actor-critic\n  value: { epochs: 2, clip: 0.1 }\n", []),
    (
      "  algorithm: ppo-clip\n  lam: 1\n  value: { target: lambda-returns }\n",
      ["train.value.target: has no effect with lam 1, where both targets are the same"]
    ),
    ("  algorithm: ppo-clip\n  lam: 0.5\n  value: { target: lambda-returns }\n", []),
    (
      "  beta: 0.1\n  reference: mix\n  ref_model_sync_steps: 5\n  ref_model_mixup_alpha: 1\n",
      ["train.ref_model_sync_steps: \(never)", "train.ref_model_mixup_alpha: \(never)"]
    ),
    ("  beta: 0.1\n  reference: mix\n  ref_model_sync_steps: 4\n  ref_model_mixup_alpha: 1\n", []),
    (
      "  top_k: 1\n  top_p: 0.5\n  entropy_coef: 0.1\n",
      ["train.top_p: \(one)", "train.entropy_coef: \(one)"]
    ),
    ("  top_k: 2\n  top_p: 0.5\n  entropy_coef: 0.1\n", []),
  ])
  func theyAreWarnedOf(_ keys: String, _ warnings: [String]) throws {
    #expect(try Self.warnings(keys) == warnings)
  }

  @Test(arguments: [
    ("", ["train.beta: \(same)", "train.use_bias_correction_kl: \(same)"]),
    ("  num_iterations: 2\n", []), ("  kl_estimator: k1\n", []),
    (
      "  reward_kl_coef: 1\n",
      ["reward_kl_coef", "beta", "use_bias_correction_kl"].map { "train.\($0): \(same)" }
    ),
  ])
  func aReferenceThatIsThePolicyPenalizesNothing(_ keys: String, _ warnings: [String]) throws {
    #expect(
      try Self.warnings(
        "  steps_per_iteration: 1\n  outer_iterations: 3\n  beta: 0.1\n  use_bias_correction_kl: true\n"
          + keys,
        without: "  steps_per_iteration: 5\n  num_iterations: 2\n") == warnings)
  }

  @Test func inTheFirstStepEveryReferenceIsThePolicy() throws {
    let keys = "  beta: 0.1\n  reference: fixed\n"
    #expect(try Self.warnings(keys) == [])
    #expect(
      try Self.warnings(keys + "  steps: 1\n") == [
        "train.beta: has no effect with one step, where the reference is still the policy"
      ])
  }

  @Test func aRewardModelThatLearnsOnceHasNothingToReplay() throws {
    let section = "reward_model: { labeller: exact_match, replay_share: 0.2, replay_size: 9 }\n"
    #expect(
      try Self.warnings("", sections: section)
        == [
          "reward_model.replay_share: \(Self.single)", "reward_model.replay_size: \(Self.single)",
        ])
    #expect(try Self.warnings("  outer_iterations: 2\n", sections: section) == [])
    #expect(try Self.warnings("  outer_iterations: 2\n  steps: 5\n", sections: section).count == 2)
    #expect(
      try Self.warnings(
        "", sections: "reward_model: { labeller: exact_match, continuous: false }\n")
        == ["reward_model.continuous: \(Self.single)"])
  }

  @Test func anEvaluationNeedsSomethingToJudge() throws {
    let start = try #require(SampleRecipe.text.range(of: "train:\n  questions"))
    let end = try #require(SampleRecipe.text.range(of: "rewards:"))
    let alone = SampleRecipe.text.replacingCharacters(
      in: start.lowerBound..<end.lowerBound, with: "")
    let every = try Recipe(yaml: alone + "  every: 2\n", file: "r.yaml")
    #expect(every.warnings == ["r.yaml:21: evaluation.every: has no effect without train"])
    let unjudged = try Recipe(
      yaml: alone.replacing("rewards:\n  - exact_match\n", with: ""), file: "r.yaml")
    #expect(unjudged.warnings == ["r.yaml:16: evaluation: has no effect without rewards"])
  }

  /// Its sum is of what each function says, normalized.
  @Test(arguments: ["overlong_penalty: 1", "reward_kl_coef: 0.1", "token_cost: -0.1"])
  func aNormalizedSumTakesNoShaping(_ key: String) throws {
    let name = key.prefix { $0 != ":" }
    #expect(
      try SampleRecipe.error(
        replacing: "  num_iterations: 2\n", with: "  advantage: normalized-sum\n  \(key)\n")
        == "sample.yaml:21: train.\(name): has no effect with advantage normalized-sum, which "
        + "normalizes the reward functions one by one")
    #expect(
      try SampleRecipe.error(
        replacing: "  num_iterations: 2\n",
        with: "  advantage: normalized-sum\n  \(name): 0\n") == nil)
  }

  @Test func aPresetsShapingGivesWayToANormalizedSum() throws {
    #expect(
      try Self.warnings("  algorithm: dapo\n  advantage: normalized-sum\n") == [
        "train.advantage: normalized-sum ignores the algorithm's overlong_penalty"
      ])
    #expect(
      try Self.warnings("  algorithm: rloo\n  advantage: normalized-sum\n") == [
        "train.advantage: normalized-sum ignores the algorithm's reward_kl_coef"
      ])
  }

  @Test func aKeyOfTheCommandLineIsNotLeftOutWithItsSection() throws {
    func problem(_ text: String, _ settings: String...) -> String? {
      do throws(RecipeError) {
        _ = try Recipe(
          yaml: text, file: "r.yaml",
          overrides: settings.compactMap { RecipeOverride(assignment: $0) })
        return nil
      } catch {
        return error.description
      }
    }
    #expect(
      problem(SampleRecipe.text, "model.path=dir", "tokenizer.vocab_size=9000")
        == "--set tokenizer.vocab_size: tokenizer: cannot be trained for a model with a "
        + "tokenizer of its own (need path, or no tokenizer)")
    let critic = SampleRecipe.text.replacing(
      "  num_iterations: 2\n", with: "  algorithm: actor-critic\n  value: { epochs: 2 }\n")
    #expect(
      problem(critic, "train.advantage=group", "train.value.clip=0.1")
        == "--set train.value.clip: train.value: has no effect with advantage group")
    #expect(problem(critic, "train.advantage=group") == nil)
    #expect(problem(critic, "train.advantage=group", "train.value.clip=null") == nil)
  }

  @Test func aWarningNamesTheKeyThatIsThere() throws {
    let recipe = try SampleRecipe.recipe(
      overrides: [RecipeOverride(assignment: "train.algorithm=trpo")].compactMap(\.self))
    #expect(
      recipe.warnings.last
        == "--set train.algorithm: makes 2 searches per step")
  }
}
