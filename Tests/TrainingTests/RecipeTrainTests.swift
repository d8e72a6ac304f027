import Testing
import Training

@Suite struct RecipeTrainTests {
  private func train(_ keys: String) throws -> Recipe.Train {
    try #require(
      try SampleRecipe.recipe(replacing: "  num_iterations: 2\n", with: keys).train)
  }

  @Test func aPresetFillsItsAxesAndTheRecipeOverridesThem() throws {
    #expect(try train("").advantage == .group(scale: .group))
    #expect(try train("  scale_rewards: none\n").advantage == .group(scale: .none))
    #expect(try train("  algorithm: grpo-softmax\n").advantage == .softmax(beta: 1))
    #expect(
      try train("  advantage_beta: 2.5\n  algorithm: grpo-softmax\n").advantage
        == .softmax(beta: 2.5))
    #expect(try train("  advantage: softmax\n").advantage == .softmax(beta: 1))
    #expect(
      try train("  algorithm: grpo-softmax\n  advantage: group\n").advantage
        == .group(scale: .group))
  }

  @Test func aPresetInSwiftHasTheSameAxes() {
    for algorithm in Recipe.Algorithm.allCases {
      #expect(Recipe.Train(algorithm: algorithm).advantage == algorithm.advantage)
    }
  }

  @Test func theUpperClipFollowsTheLowerOneUnlessItIsWritten() throws {
    #expect(try train("  epsilon: 0.25\n").clipRange == 0.75...1.25)
    #expect(try train("  epsilon: 0.25\n  epsilon_high: 0.5\n").clipRange == 0.75...1.5)
    var train = Recipe.Train()
    train.epsilon = 0.5
    #expect(train.clipRange == 0.5...1.5)
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
      "20: train.epsilon: has no effect with num_iterations 1, where the ratio is always 1"
    ),
    (
      "  epsilon_high: 0.3\n",
      "20: train.epsilon_high: has no effect with num_iterations 1, where the ratio is always 1"
    ),
    (
      "  beta: 0\n  use_bias_correction_kl: true\n",
      "21: train.use_bias_correction_kl: has no effect with beta 0"
    ),
    (
      "  min_lr_ratio: 0.1\n",
      "20: train.min_lr_ratio: has no effect with lr_scheduler_type constant"
    ),
    (
      "  warmup_steps: 5\n",
      "20: train.warmup_steps: leaves no update at the full learning rate (got 5; need less than "
        + "5, the number of updates)"
    ),
  ])
  func warnsOfKeysWithoutEffect(_ keys: String, _ warning: String) throws {
    let recipe = try SampleRecipe.recipe(replacing: "  num_iterations: 2\n", with: keys)
    #expect(recipe.warnings == ["/home/r/sample.yaml:" + warning])
  }

  @Test func keysWithAnEffectGiveNoWarning() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "num_iterations: 2",
      with: "num_iterations: 2\n  epsilon: 0.1\n  use_bias_correction_kl: true\n"
        + "  lr_scheduler_type: cosine\n  min_lr_ratio: 0.1\n  warmup_steps: 9")
    #expect(recipe.warnings == [])
  }
}
