import PolicyOptimization
import Recipes
import Testing

@Suite struct TrainTests {
  private func train(_ keys: String) throws -> Recipe.Train {
    try #require(
      try SampleRecipe.recipe(replacing: "  num_iterations: 2\n", with: keys).train)
  }

  private func advantage(_ keys: String) throws -> Recipe.Advantage {
    try train(keys).axes.advantage
  }

  private func clip(_ keys: String) throws -> ClippedSurrogate {
    guard case .clipped(let clip) = try train(keys).axes.objective.surrogate else {
      throw Failure("no clipped surrogate")
    }
    return clip
  }

  private struct Failure: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  @Test func aPresetFillsItsAxesAndTheRecipeOverridesThem() throws {
    #expect(try advantage("") == .init(GroupRelativeAdvantage()))
    #expect(
      try advantage("  scale_rewards: none\n") == .init(GroupRelativeAdvantage(scale: .none)))
    #expect(try advantage("  algorithm: grpo-softmax\n") == .init(SoftmaxAdvantage()))
    #expect(
      try advantage("  advantage_beta: 2.5\n  algorithm: grpo-softmax\n")
        == .init(SoftmaxAdvantage(beta: 2.5)))
    #expect(try advantage("  advantage: softmax\n") == .init(SoftmaxAdvantage()))
    #expect(
      try advantage("  algorithm: grpo-softmax\n  advantage: group\n")
        == .init(GroupRelativeAdvantage()))
    #expect(
      try advantage("  algorithm: ppo-clip\n  lam: 0.5\n  gamma: 0.9\n")
        == .init(PolicyGradientWeight(form: .advantage, discount: 0.9, lambda: 0.5)))
  }

  private func recipe(of algorithm: Recipe.Algorithm) throws -> Recipe {
    var overrides: [RecipeOverride] = []
    if algorithm.axes(maxCompletionTokens: 8).update != .adam {
      overrides = [RecipeOverride(assignment: "train.learning_rate=null")].compactMap(\.self)
    }
    return try SampleRecipe.recipe(
      replacing: "  num_iterations: 2\n", with: "  algorithm: \(algorithm.rawValue)\n",
      overrides: overrides)
  }

  @Test(arguments: Recipe.Algorithm.allCases)
  func aPresetInSwiftHasTheSameAxesAsInARecipe(_ algorithm: Recipe.Algorithm) throws {
    let train = try #require(try recipe(of: algorithm).train)
    #expect(train.axes == algorithm.axes(maxCompletionTokens: train.maxCompletionTokens))
    #expect(try recipe(of: algorithm).warnings == [])
  }

  /// Every key that a preset shows may be written beside it.
  @Test(arguments: Recipe.Algorithm.allCases)
  func aPresetSpelledOutIsTheSamePreset(_ algorithm: Recipe.Algorithm) throws {
    let recipe = try recipe(of: algorithm)
    let again = try Recipe(
      yaml: recipe.resolvedYAML(relativeTo: "/home/r"), file: "/home/r/again.yaml")
    #expect(again == recipe)
    let train = try #require(recipe.train)
    let keys = algorithm.keys(maxCompletionTokens: train.maxCompletionTokens)
    let spelled = keys.compactMap { RecipeOverride(assignment: "train.\($0.key)=\($0.value)") }
    #expect(spelled.count == keys.count)
    let changed = try SampleRecipe.recipe(
      overrides: spelled
        + (train.axes.update == .adam
          ? [] : [RecipeOverride(assignment: "train.learning_rate=null")].compactMap(\.self)))
    #expect(changed.train?.axes == train.axes)
  }

  @Test func theUpperClipFollowsTheLowerOneUnlessItIsWritten() throws {
    #expect(try clip("  epsilon: 0.25\n") == ClippedSurrogate(epsilonLow: 0.25))
    #expect(
      try clip("  epsilon: 0.25\n  epsilon_high: 0.5\n")
        == ClippedSurrogate(epsilonLow: 0.25, epsilonHigh: 0.5))
    #expect(
      try clip("  algorithm: dapo\n  beta: 0\n")
        == ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28))
  }

  @Test func stepsEndTheRunEarlyAndUpdatesFollow() throws {
    let whole = try train("  outer_iterations: 3\n  num_iterations: 2\n")
    #expect((whole.totalSteps, whole.totalUpdates) == (15, 30))
    let short = try train("  outer_iterations: 3\n  num_iterations: 2\n  steps: 7\n")
    #expect((short.totalSteps, short.totalUpdates) == (7, 14))
  }

  @Test(arguments: [
    (
      "  epsilon: 0.1\n",
      "20: train.epsilon: has no effect with one update per step (num_iterations 1, num_mini_batches 1), where the ratio is always 1"
    ),
    (
      "  epsilon_high: 0.3\n",
      "20: train.epsilon_high: has no effect with one update per step (num_iterations 1, num_mini_batches 1), where the ratio is always 1"
    ),
    (
      "  min_lr_ratio: 0.1\n",
      "20: train.min_lr_ratio: has no effect with lr_scheduler_type constant"
    ),
    (
      "  warmup_steps: 5\n",
      "20: train.warmup_steps: never reaches the full learning rate (got 5; need less than "
        + "5, the number of updates)"
    ),
  ])
  func warnsOfKeysWithoutEffect(_ keys: String, _ warning: String) throws {
    let recipe = try SampleRecipe.recipe(replacing: "  num_iterations: 2\n", with: keys)
    #expect(recipe.warnings == ["/home/r/sample.yaml:" + warning])
  }

  @Test(arguments: [
    (
      "  beta: 1\n  kl_estimator: k2\n  kl_straight_through: true\n",
      "22: train.kl_straight_through: has no effect with kl_estimator k2, whose gradient it takes"
    ),
    (
      "  advantage: whitened\n  whitened_baseline: group-mean\n  gamma: 0.9\n",
      "22: train.gamma: has no effect with whitened_baseline group-mean, which weighs whole "
        + "completions"
    ),
  ])
  func keysThatDoNotGoTogetherAreRefused(_ keys: String, _ problem: String) throws {
    #expect(
      try SampleRecipe.error(replacing: "  num_iterations: 2\n", with: keys) == "sample.yaml:"
        + problem)
  }

  @Test func keysWithAnEffectGiveNoWarning() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "num_iterations: 2",
      with: "num_iterations: 2\n  epsilon: 0.1\n  use_bias_correction_kl: true\n"
        + "  lr_scheduler_type: cosine\n  min_lr_ratio: 0.1\n  warmup_steps: 9")
    #expect(recipe.warnings == [])
  }
}
