import Recipes
import Rewards
import Synchronization
import Testing
import Training

/// What people are shown of a step's completions.
@Suite struct StepRecordTests {
  /// The completions that each step of a run shows.
  private func shown(_ settings: String..., reward: any RewardFunction) async throws
    -> [[SampleShown]]
  {
    let small = try SmallRecipe()
    defer { small.remove() }
    let steps = Mutex<[[SampleShown]]>([])
    let recipe = try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/run")]
        + (["warm_start=null", "evaluation=null", "train.outer_iterations=1"] + settings)
        .compactMap { RecipeOverride(assignment: $0) })
    _ = try await TrainingRun(
      recipe, threads: 1, rewards: [.init(reward)],
      report: { event in
        if case .completions(_, let shown) = event { steps.withLock { $0.append(shown) } }
      }
    ).runAll()
    return steps.withLock { $0 }
  }

  /// Scores in the order in which they are asked for, over and over.
  private struct InTurn: RewardFunction {
    let name = "in-turn"
    let values: [Double?]

    func score(_ request: RewardRequest) async throws -> RewardResponse {
      RewardResponse(
        scores: request.completions.indices.map { index in
          values[index % values.count].map { .value($0) } ?? .notApplicable
        })
    }
  }

  @Test func theBestAndTheWorstAreShown() async throws {
    let steps = try await shown(reward: InTurn(values: [0.2, 0.9, 0.1, 0.5]))
    #expect(steps.count == 3)
    for step in steps { #expect(step.map(\.reward) == [0.9, 0.1]) }
  }

  @Test func oneWithoutARewardIsTheLast() async throws {
    let steps = try await shown(
      "train.num_completions_to_print=4", reward: InTurn(values: [nil, 0.9, 0.1, 0.5]))
    for step in steps { #expect(step.map(\.reward) == [0.9, 0.1, 0.5, nil]) }
  }

  /// A policy that is as good as greedy says one thing.
  @Test func noTextIsShownTwice() async throws {
    let steps = try await shown(
      "train.temperature=0.001", reward: InTurn(values: [0.2, 0.9, 0.1, 0.5]))
    #expect(steps.count == 3)
    for step in steps { #expect(step.map(\.reward) == [0.2]) }
  }

  @Test func noneIsShownWhereNoneIsAskedFor() async throws {
    let steps = try await shown(
      "train.num_completions_to_print=0", reward: InTurn(values: [0, 1]))
    #expect(steps.isEmpty)
  }
}
