import Formats
import Recipes
import Rewards
import Synchronization
import TestSupport
import Testing
import Training

/// Runs that fail or are stopped in their first step go on to the bytes of one that nothing disturbed.
@Suite(.inTurn) struct FirstStepTests {
  private static let settings: [[String]] =
    Recipe.Algorithm.allCases.map { ["train.algorithm=\($0.rawValue)"] }
    + [
      ["train.kl_controller=adaptive"], ["train.kl_controller=ziegler"],
      ["train.entropy_coef=0.01"],
      ["train.algorithm=ppo-adaptive-kl", "train.value={ model: policy }"],
      ["reward_model={ labeller: exact_match, questions: 4, steps: 2, batch_size: 4 }"],
    ]

  private func recipe(_ small: SmallRecipe, _ output: String, _ settings: [String]) throws -> Recipe
  {
    let common = [
      "warm_start=null", "evaluation=null", "train.outer_iterations=1",
      "train.steps_per_iteration=2", "train.questions_per_step=4",
    ]
    return try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/" + output)]
        + (common + settings).compactMap { RecipeOverride(assignment: $0) })
  }

  private func bytes(_ recipe: Recipe) throws -> [[UInt8]] {
    try ["model/model.safetensors", "completions.jsonl"].map {
      try Files.read(recipe.output + "/" + $0, maximumBytes: 1 << 26)
    }
  }

  @Test(arguments: settings)
  func theyGoOnAsIfNothingHadHappened(_ settings: [String]) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let state = Mutex((fails: false, isCancelled: false))
    func run(_ recipe: Recipe) async throws {
      let reward = ClosureReward("parity") { completion in
        if state.withLock(\.fails) { throw Broken() }
        return Double(completion.tokenIDs.reduce(0, +) % 3)
      }
      _ = try await TrainingRun(
        recipe, threads: 1, rewards: [RewardSet.Entry(reward)],
        isCancelled: { state.withLock(\.isCancelled) }
      ).runAll()
    }
    let undisturbed = try recipe(small, "undisturbed", settings)
    try await run(undisturbed)
    let disturbed = try recipe(small, "disturbed", settings)
    state.withLock { $0.fails = true }
    let failure = try await #require(throws: TrainingError.self) { try await run(disturbed) }
    guard case .rewardsFailed(step: 1, _, _, _, _) = failure else { throw failure }
    state.withLock { $0 = (fails: false, isCancelled: true) }
    let stop = try await #require(throws: TrainingError.self) { try await run(disturbed) }
    guard case .stopped(step: 0) = stop else { throw stop }
    state.withLock { $0.isCancelled = false }
    try await run(disturbed)
    #expect(try bytes(disturbed) == bytes(undisturbed))
  }

  private struct Broken: Error {}
}
