import Formats
import Foundation
import PolicyOptimization
import Recipes
import Synchronization
import TestSupport
import Testing
import Training

/// Every preset as a whole run: it learns, and it is the same bytes however it is computed.
@Suite(.inTurn) struct AlgorithmRunTests {
  private static func settings(_ algorithm: Recipe.Algorithm) -> [String] {
    var settings = ["train.algorithm=\(algorithm.rawValue)", "train.beta=null"]
    settings.append("train.num_iterations=null")
    if algorithm.axes(maxCompletionTokens: 4).update != .adam {
      settings.append("train.learning_rate=null")
    }
    return settings
  }

  private func recipe(
    _ small: SmallRecipe, _ output: String, _ settings: [String]
  ) throws -> Recipe {
    try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/" + output)]
        + settings.compactMap { RecipeOverride(assignment: $0) })
  }

  private func run(
    _ recipe: Recipe, threads: Int = 2, isCancelled: @escaping () -> Bool = { false }
  ) async throws -> TrainingRunTests.Outcome {
    _ = try await TrainingRun(recipe, threads: threads, isCancelled: isCancelled).runAll()
    return try TrainingRunTests.Outcome(recipe.output)
  }

  /// A reward that one token earns: whatever the algorithm, its probability must rise.
  @Test(arguments: Recipe.Algorithm.allCases)
  func everyPresetRaisesTheReward(_ algorithm: Recipe.Algorithm) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    var settings =
      Self.settings(algorithm) + [
        "rewards=[{ name: contains, text: '7' }]", "train.steps_per_iteration=25",
        "train.outer_iterations=1", "train.questions_per_step=8", "train.num_generations=8",
        "train.checkpoint_steps=0", "evaluation=null",
      ]
    switch algorithm {
    case .naturalGradient, .trpo: settings += ["train.max_kl=0.05", "train.cg_damping=0.01"]
    // A ratio of four tokens' mean moves little: its band is as narrow.
    case .gspo, .luspo: settings += ["train.learning_rate=3.0e-3", "train.num_iterations=2"]
    default: settings += ["train.learning_rate=3.0e-3"]
    }
    let outcome = try await run(try recipe(small, "run", settings))
    func mean(_ lines: ArraySlice<JSONObject>) -> Double {
      lines.reduce(0) { $0 + ($1["reward"]?.double ?? 0) } / Double(lines.count)
    }
    let (first, last) = (mean(outcome.metrics.prefix(3)), mean(outcome.metrics.suffix(5)))
    #expect(last > first + 0.2, "\(algorithm.rawValue): from \(first) to \(last)")
    let documented = try Self.documentedMetrics()
    for key in Set(outcome.metrics.flatMap(\.keys)) where key != "step" {
      #expect(try documented.wholeMatch(in: key) != nil, "\(key)")
    }
  }

  /// What stands in back-ticks on the algorithms' pages: `rewards/NAME/mean`, `completions/*`, and
  /// `/std` for the word before it with that end.
  private static func documentedMetrics() throws -> Regex<Substring> {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/PolicyOptimization/PolicyOptimization.docc")
    var patterns: [String] = []
    for page in ["PolicyOptimization"] + Recipe.Algorithm.allCases.map(\.rawValue) {
      let text = try String(
        contentsOf: folder.appendingPathComponent(page + ".md"), encoding: .utf8)
      var stem = ""
      for match in text.matches(of: /`([\w\/*]+)`/) {
        var name = String(match.1)
        if name.hasPrefix("/") { name = stem + name }
        stem = String(name.prefix(upTo: name.lastIndex(of: "/") ?? name.endIndex))
        patterns.append(
          name.replacingOccurrences(of: "NAME", with: "[^/]+")
            .replacingOccurrences(of: "*", with: ".+"))
      }
    }
    return try Regex(patterns.joined(separator: "|"), as: Substring.self)
  }

  /// What a checkpoint must hold differs from preset to preset: moments, a value function on a
  /// transformer of its own or on the policy's, coefficients that adapt, a reference that drifts.
  @Test(arguments: [
    ["train.algorithm=ppo-adaptive-kl"],
    ["train.algorithm=ppo-clip", "train.value={ model: policy }"],
    [
      "train.algorithm=grpo", "train.beta=0.05", "train.reference=mix",
      "train.ref_model_sync_steps=2", "train.outer_iterations=1", "train.steps_per_iteration=9",
      "train.kl_estimator=exact", "train.kl_controller=ziegler", "train.kl_horizon=100",
    ],
    ["train.algorithm=trpo", "train.learning_rate=null"],
    ["train.algorithm=dapo", "train.entropy_coef=0.1"],
    ["train.algorithm=rloo", "train.update=line-search", "train.learning_rate=null"],
    ["train.advantage=greedy-baseline", "train.top_p=0.9"],
  ])
  func neitherThreadsNorMemoryNorAnInterruptionChangesAByte(_ settings: [String]) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    var base = ["train.beta=null", "train.num_iterations=null"]
    base.removeAll { item in settings.contains { $0.hasPrefix(item.prefix { $0 != "=" } + "=") } }
    let all = base + settings
    let whole = try await run(try recipe(small, "whole", all), threads: 1)
    #expect(whole.metrics.count == 9)

    let parts = try recipe(small, "parts", all)
    let steps = Mutex(0)
    let first = try TrainingRun(
      parts, threads: 2,
      report: { event in
        if case .step(let step, _, _) = event { steps.withLock { $0 = step } }
      }, isCancelled: { steps.withLock { $0 } == 5 })
    await #expect(throws: TrainingError.self) { _ = try await first.runAll() }
    #expect(try await run(parts, threads: 3) == whole)

    var tight = try await run(
      try recipe(small, "tight", all + ["train.activation_memory_megabytes=0"]))
    for i in tight.metrics.indices {
      let compared = "sampling/compared_tokens"
      tight.metrics[i][compared] = whole.metrics[i][compared]
    }
    #expect(tight == whole)
  }

  @Test func dynamicSamplingReplacesWhatTeachesNothing() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let outcome = try await run(
      try recipe(
        small, "run", ["train.dynamic_sampling_rounds=3", "train.temperature=1.5"]))
    var replaced = 0
    for line in outcome.metrics {
      let left = try #require(line["dynamic_sampling/left_out"]?.double)
      let rounds = try #require(line["dynamic_sampling/rounds"]?.double)
      replaced += Int(try #require(line["dynamic_sampling/replaced"]?.double))
      #expect(rounds <= 3 && left <= 5)
      // What is left has a spread, unless nothing had.
      #expect(line["frac_reward_zero_std"]?.double == 0 || left == 0)
    }
    #expect(replaced > 0)
  }

  @Test func lineSearchLeavesThePolicyWhereNoStepHelps() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    // One trial, far too large: it never helps.
    let settings = [
      "train.update=line-search", "train.learning_rate=null", "train.num_iterations=null",
      "train.line_search_initial_step=1.0e6", "train.line_search_trials=1",
    ]
    let outcome = try await run(try recipe(small, "run", settings))
    for line in outcome.metrics where line["line_search/evaluations"]?.double != 0 {
      #expect(line["line_search/given_up"]?.double == 1)
      #expect(line["line_search/step"]?.double == 0)
    }
    #expect(outcome.weights == outcome.warmStart)
  }

  @Test func resampledLossesAreDrawnByTheTrialsPolicy() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let settings = [
      "train.update=line-search", "train.learning_rate=null", "train.num_iterations=null",
      "train.line_search_loss=resampled", "rewards=[{ name: contains, text: '7' }]",
    ]
    let outcome = try await run(try recipe(small, "run", settings))
    let taken = outcome.metrics.filter { ($0["line_search/step"]?.double ?? 0) > 0 }
    // A step is taken when the mean of 20 rewards rises: by a twentieth at least.
    for line in taken {
      #expect((line["line_search/decrease"]?.double ?? 0) > 0.049)
    }
    #expect(!taken.isEmpty)
  }

  @Test func theMeasuredDivergenceRespectsTheTrustRegion() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let outcome = try await run(
      try recipe(small, "run", Self.settings(.trpo) + ["train.max_kl=0.003"]))
    var taken = 0
    for line in outcome.metrics {
      let kl = try #require(line["trust_region/kl"]?.double)
      #expect(kl <= 0.003)
      taken += kl > 0 ? 1 : 0
    }
    #expect(taken > 0)
  }

  @Test func aTrustRegionPenalizesNoDivergenceBeside() throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let error = #expect(throws: RecipeError.self) {
      try recipe(small, "run", Self.settings(.trpo) + ["train.old_kl_coef=1"])
    }
    #expect(error?.description.contains("train.old_kl_coef") == true)
  }
}
