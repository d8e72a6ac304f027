internal import Evaluation
internal import Kernels
internal import LanguageModel
internal import PolicyOptimization
internal import Recipes
internal import Rewards
internal import Sampling

// What is drawn of a rollout's questions beside its completions.

extension Rollout {
  /// The reward of the greedy completion of each question, where advantages are measured from it.
  func greedyRewards(
    for axes: Recipe.Axes, _ sampler: TextSampler, _ policy: Parameters, _ rewards: RewardSet,
    _ progress: RunProgress, _ draws: Draws
  ) async throws -> [Double?] {
    guard axes.advantage.estimator.needsGreedyRewards else { return [] }
    var greedy = sampler
    greedy.options.temperature = 0
    return try await totals(of: greedy, policy, completions: 1, rewards, progress, draws)
  }

  /// The mean reward, negated, of completions that the policy as it stands draws of the questions;
  /// without a trial, of those at hand.
  ///
  /// Every trial has the draws of the step, so that losses differ by the policies alone. A trial
  /// that nothing can be drawn from, since its logits are not finite, is infinitely bad.
  func resampledLoss(
    trial: Int?, _ sampler: TextSampler, _ policy: Parameters, _ rewards: RewardSet,
    _ progress: RunProgress, _ draws: Draws
  ) async throws -> Double {
    var totals = report.outcomes.map(\.total)
    if trial != nil {
      do {
        totals = try await self.totals(
          of: sampler, policy, completions: drawn.completions.first?.count ?? 0, rewards, progress,
          draws)
      } catch SamplingError.notFinite {
        return .infinity
      }
    }
    let scored = totals.compactMap(\.self)
    return -scored.reduce(0, +) / Double(max(1, scored.count))
  }

  private func totals(
    of sampler: TextSampler, _ policy: Parameters, completions count: Int, _ rewards: RewardSet,
    _ progress: RunProgress, _ draws: Draws
  ) async throws -> [Double?] {
    let (_, completions) = try sampler.sample(
      policy, questions, requests, completions: count, draws: draws)
    let report = try await rewards.score(
      RewardRequest(
        step: draws.step + 1, completions: completions.flatMap { $0 }, progress: progress))
    return report.outcomes.map(\.total)
  }
}
