import Formats
import Foundation
import PolicyOptimization
import Recipes
import Rewards
import Runs
import TestSupport
import Testing
import Training

/// Rewards so large that numbers overflow: the run ends and says why, and all that it has saved can be
/// loaded.
@Suite(.inTurn) struct OverflowTests {
  /// 1 for a completion of more than one token, times a scale.
  private static func rewards(times scale: Double) throws -> [RewardSet.Entry] {
    [
      RewardSet.Entry(
        ClosureReward("large") { $0.tokenIDs.count > 1 ? scale : 0 })
    ]
  }

  private func recipe(_ small: SmallRecipe, _ settings: [String]) throws -> Recipe {
    let common = [
      "warm_start=null", "evaluation=null", "rewards=[exact_match]", "train.beta=null",
      "train.num_iterations=null", "train.outer_iterations=1", "train.steps_per_iteration=8",
      "train.checkpoint_steps=1",
    ]
    let own = settings.map { $0.prefix { $0 != "=" } }
    return try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/run")]
        + (common.filter { !own.contains($0.prefix { $0 != "=" }) } + settings)
        .compactMap { RecipeOverride(assignment: $0) })
  }

  /// How a run ends, twice: the second time it goes on from what the first has saved.
  private func ends(_ recipe: Recipe, scale: Double) async throws -> [TrainingError?] {
    var ends: [TrainingError?] = []
    for _ in 0..<2 {
      do {
        _ = try await TrainingRun(recipe, threads: 1, rewards: Self.rewards(times: scale))
          .runAll()
        ends.append(nil)
      } catch let error as TrainingError {
        ends.append(error)
      }
    }
    return ends
  }

  @Test(
    arguments: [
      ["train.algorithm=dr-grpo", "train.max_grad_norm=0"],
      ["train.algorithm=reinforce", "train.max_grad_norm=0"],
      ["train.algorithm=reinforce-baseline"], ["train.algorithm=actor-critic"],
      ["train.algorithm=ppo-clip"], ["train.algorithm=ppo-adaptive-kl"],
      ["train.algorithm=ppo-clip", "train.value={ model: policy }", "train.max_grad_norm=0"],
      ["train.algorithm=trpo", "train.learning_rate=null"],
      ["train.algorithm=natural-gradient", "train.learning_rate=null"],
      ["train.algorithm=rloo", "train.update=line-search", "train.learning_rate=null"],
      // Trials that nothing can be drawn from are not taken.
      [
        "train.algorithm=rloo", "train.update=line-search", "train.learning_rate=null",
        "train.line_search_loss=resampled",
      ],
    ], [1e30, 1e200, 1e300])
  func aRunEndsByItsRewardsAndLeavesWhatCanBeLoaded(
    _ settings: [String], scale: Double
  ) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    for end in try await ends(recipe(small, settings), scale: scale) {
      guard let end else { continue }
      guard case .notFinite(_, _, .values("rewards", let largest)) = end else {
        Issue.record("\(settings), \(scale): \(end)")
        continue
      }
      #expect(largest == scale)
    }
    // Whether the run went to its end or not, its last checkpoint holds nothing that overflowed.
    let checkpoints = Checkpoints(directory: small.directory + "/run/checkpoints")
    let checkpoint = try #require(try await checkpoints.latest())
    #expect(checkpoint.skipped.isEmpty)
    for file in checkpoint.files {
      let tensors = try Safetensors(bytes: checkpoint.read(file.name), file: file.name)
      for tensor in tensors.tensors {
        #expect(try tensors.floats(tensor).allSatisfy(\.isFinite), "\(file.name)")
      }
    }
  }

  /// However many updates a step makes of it.
  @Test(arguments: [(1, 1), (4, 3)])
  func aBadBatchCountsOnce(miniBatches: Int, passes: Int) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try recipe(
      small,
      [
        "train.algorithm=reinforce", "train.max_grad_norm=0",
        "train.num_mini_batches=\(miniBatches)", "train.num_iterations=\(passes)",
      ])
    let ends = try await ends(recipe, scale: 1e300)
    for end in ends {
      guard case .notFinite(let step, _, _) = end else {
        Issue.record("\(String(describing: end))")
        continue
      }
      #expect(step == 3)
    }
  }

  @Test func anObjectiveOfItsOwnCannotSpoilACheckpoint() async throws {
    struct Spoiled: Objective {
      var adaptiveState = ["spring": 1.0]
      func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
        ObjectiveResult(loss: 0, dLogProb: batch.logProb.map { _ in 1e-3 })
      }
      mutating func adapt(to measurement: PolicyMeasurement, completions: Int) {
        adaptiveState = ["spring": .nan]
      }
    }
    let small = try SmallRecipe()
    defer { small.remove() }
    let run = try TrainingRun(
      recipe(small, ["train.algorithm=reinforce"]), threads: 1,
      rewards: Self.rewards(times: 1), objective: Spoiled())
    let error = await #expect(throws: FormatError.self) { _ = try await run.runAll() }
    #expect(error?.kind == .notFinite && error?.field == "state.adaptive.spring")
  }
}
