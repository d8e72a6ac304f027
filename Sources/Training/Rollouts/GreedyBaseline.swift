internal import Evaluation
internal import PolicyOptimization
internal import Recipes
internal import Sampling

extension RolloutCollector {
  /// The reward of the greedy completion of each question, where advantages are measured from it;
  /// else none.
  func greedyRewards(of rollout: Rollout, for axes: Recipe.Axes) async throws -> [Double?] {
    guard axes.advantage.estimator.needsGreedyRewards else { return [] }
    var greedy = source.sampler
    greedy.options.temperature = 0
    return try await rewards(of: rollout, drawnBy: greedy, completionsPerQuestion: 1)
  }
}
