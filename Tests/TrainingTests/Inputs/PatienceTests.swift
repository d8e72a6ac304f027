import Evaluation
import Formats
import Recipes
import Rewards
import Synchronization
import TestSupport
import Testing
import Training

/// A run that is to stop does not wait for a reward that hangs.
@Suite(.inTurn) struct PatienceTests {
  /// A reward that hangs at one of its calls, the first of which is its start, until it is cancelled; the
  /// run is asked to stop just then.
  private final class Hanging: RewardFunction {
    let name = "parity"
    private let call: Int?
    private let state = Mutex((calls: 0, isHanging: false))

    init(at call: Int?) { self.call = call }

    var isHanging: Bool { state.withLock(\.isHanging) }

    private func hangIfDue() async throws {
      let hangs = state.withLock { state in
        defer { state.calls += 1 }
        if state.calls == call { state.isHanging = true }
        return state.calls == call
      }
      if hangs { try await Task.sleep(for: .seconds(86_400)) }
    }

    func start() async throws { try await hangIfDue() }

    func score(_ request: RewardRequest) async throws -> RewardResponse {
      try await hangIfDue()
      return RewardResponse(
        scores: request.completions.map { .value(Double($0.text.utf8.count % 3)) })
    }
  }

  private func run(_ recipe: Recipe, hangingAt call: Int?) async throws {
    let reward = Hanging(at: call)
    _ = try await TrainingRun(
      recipe, threads: 1, rewards: [.init(reward)], isCancelled: { reward.isHanging },
      patience: Patience(grace: .zero) { reward.isHanging }
    ).runAll()
  }

  /// Calls: two starts, an evaluation, and for each of two steps its scores and an evaluation.
  @Test func whatHangsIsNotWaitedFor() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    func recipe(_ output: String) throws -> Recipe {
      try small.recipe(
        output, "warm_start=null", "train.outer_iterations=1", "train.steps_per_iteration=2",
        "evaluation.every=1", "evaluation.questions=4")
    }
    func made(_ recipe: Recipe) throws -> [[UInt8]] {
      try ["model/model.safetensors", "completions.jsonl"].map {
        try Files.read(recipe.output + "/" + $0, maximumBytes: 1 << 26)
      }
    }
    let whole = try recipe("whole")
    try await run(whole, hangingAt: nil)
    let endings = [
      (0, "stopped during training, which will start over"),
      (1, "stopped during training, which will start over"),
      (2, "stopped during training, which will start over"),
      (3, "stopped before the first step"), (4, "stopped after step 1, which is saved"),
      (5, "stopped after step 1, which is saved"),
      (6, "stopped during the evaluation; the model is saved"),
      (7, "stopped during the evaluation; the model is saved"),
    ]
    for (call, ending) in endings {
      let stopped = try recipe("stopped-\(call)")
      let error = await #expect(throws: (any Error).self) {
        try await run(stopped, hangingAt: call)
      }
      #expect(error.map { "\($0)" } == ending, "\(call)")
      try await run(stopped, hangingAt: nil)
      #expect(try made(stopped) == made(whole), "\(call)")
    }
  }

  @Test func aWarmStartsEvaluationIsNotWaitedFor() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try small.recipe("run", "warm_start.until_accuracy=0.5")
    for call in [0, 2] {
      let error = await #expect(throws: TrainingError.self) {
        try await run(recipe, hangingAt: call)
      }
      #expect(error?.description == "stopped during the warm start, which will start over")
    }
  }
}
