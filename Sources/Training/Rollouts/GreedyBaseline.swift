internal import Evaluation
internal import PolicyOptimization
internal import Sampling

extension RolloutCollector {
  /// The reward of the greedy completion of each question, where advantages are measured from it;
  /// else none.
  func greedyRewards(
    of rollout: Rollout, for advantage: any AdvantageEstimator
  ) async throws -> [Double?] {
    guard advantage.needsGreedyRewards else { return [] }
    var greedy = source.sampler
    greedy.options.temperature = 0
    return try await rewards(of: rollout, drawnBy: greedy, completionsPerQuestion: 1)
  }
}
