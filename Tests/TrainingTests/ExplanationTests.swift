import Recipes
import Testing
import Training

/// `explain` of all that a recipe can name.
@Suite struct ExplanationTests {
  /// Explanations of a next step's first question by recipes that differ in a few settings, for a policy that
  /// all of them share.
  private struct Explainer {
    let small: SmallRecipe
    private let model: String

    init() async throws {
      small = try SmallRecipe()
      let start = try small.recipe("start", "warm_start.steps=1", "train=null", "evaluation=null")
      try await TrainingRun(start, threads: 1).runWarmStart()
      model = start.output + "/warm-start/model"
    }

    /// nil where the recipe is refused.
    func explain(_ settings: [String], updates: Int) async throws -> Explanation? {
      let common = [
        "model={ path: \(model) }", "tokenizer=null", "warm_start=null", "evaluation=null",
        "train.beta=null", "train.num_iterations=null",
      ]
      let own = settings.map { $0.prefix { $0 != "=" } }
      let overrides = (common.filter { !own.contains($0.prefix { $0 != "=" }) } + settings)
        .compactMap { RecipeOverride(assignment: $0) }
      guard
        let recipe = try? Recipe(
          contentsOf: small.directory + "/recipe.yaml",
          overrides: [.output(small.directory + "/run")] + overrides)
      else { return nil }
      return try await TrainingRun(recipe, threads: 1).explain(row: nil, updates: updates)
    }
  }

  private static func settings(_ algorithm: Recipe.Algorithm) -> [String] {
    ["train.algorithm=\(algorithm.rawValue)"]
      + (algorithm.axes(maxCompletionTokens: 4).update == .adam
        ? [] : ["train.learning_rate=null"])
  }

  private static let advantages = [
    "group", "softmax", "rank", "leave-one-out", "normalized-sum", "whitened", "greedy-baseline",
    "process", "total-reward", "action-value", "reward-to-go", "baseline",
    "baseline-inside-sum", "advantage", "td-residual",
  ]

  @Test(arguments: Recipe.Algorithm.allCases)
  func everyPresetIsExplainedWithEveryAdvantage(_ algorithm: Recipe.Algorithm) async throws {
    let explainer = try await Explainer()
    defer { explainer.small.remove() }
    let plain = try await explainer.explain(Self.settings(algorithm), updates: 2)
    #expect(plain?.completions.count == 4 && plain?.updates == 2)
    var explained = 0
    for advantage in Self.advantages {
      // Where a value function is refused, the advantage has none.
      for value in [["train.value={ model: own }"], []] {
        let found = try await explainer.explain(
          Self.settings(algorithm) + ["train.advantage=\(advantage)"] + value, updates: 1)
        guard let found else { continue }
        #expect(found.completions.count == 4)
        explained += 1
      }
    }
    // Group statistics alone fit where degenerate questions are replaced.
    #expect(explained >= 8)
  }

  @Test(arguments: [
    ["train.advantage=greedy-baseline", "train.top_p=0.9"],
    ["train.overlong_penalty=1", "train.overlong_buffer=2"], ["train.reward_kl_coef=0.1"],
    ["train.token_cost=0.1"], ["train.mask_truncated_completions=true"],
    ["train.dynamic_sampling_rounds=2"], ["train.beta=0.1", "train.kl_estimator=exact"],
    ["train.old_kl_coef=0.1", "train.old_kl_estimator=exact"],
    ["train.top_entropy_quantile=0.5"], ["train.off_policy_mask_threshold=0.1"],
    ["train.entropy_coef=0.1"], ["train.num_mini_batches=4"],
    ["train.update=line-search", "train.learning_rate=null"],
    [
      "train.update=line-search", "train.learning_rate=null", "train.line_search_loss=resampled",
    ], ["train.update=trust-region", "train.learning_rate=null"],
    ["train.algorithm=ppo-clip", "train.value={ model: policy }"],
  ])
  func everySettingIsExplained(_ settings: [String]) async throws {
    let explainer = try await Explainer()
    defer { explainer.small.remove() }
    for updates in [0, 1, 3] {
      let found = try #require(try await explainer.explain(settings, updates: updates))
      #expect(found.completions.count == 4)
    }
  }

  /// With a policy that always answers the same, the greedy completion earns what all others do.
  @Test func theGreedyBaselineIsDrawn() async throws {
    let explainer = try await Explainer()
    defer { explainer.small.remove() }
    let found = try #require(
      try await explainer.explain(
        [
          "train.advantage=greedy-baseline", "train.temperature=0.001",
          "rewards=[{ name: length_band, max: 1 }]",
        ], updates: 0))
    for completion in found.completions {
      #expect(completion.tokens.allSatisfy { $0.advantage == 0 })
    }
  }
}
