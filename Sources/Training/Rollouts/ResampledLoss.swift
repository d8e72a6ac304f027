internal import Rewards
internal import Sampling

extension RolloutCollector {
  /// The mean reward, negated, of completions that the policy as it stands draws of the rollout's
  /// questions; without a trial, of those at hand.
  ///
  /// Every trial has the draws of the step, so that losses differ by the policies alone. A trial
  /// that nothing can be drawn from, since its logits are not finite, is infinitely bad.
  func resampledLoss(of rollout: Rollout, trial: Int?) async throws -> Double {
    var totals = rollout.report.outcomes.map(\.total)
    if trial != nil {
      do {
        totals = try await rewards(
          of: rollout, completionsPerQuestion: completionsPerQuestion)
      } catch SamplingError.notFinite {
        return .infinity
      }
    }
    let scored = totals.compactMap(\.self)
    return -scored.reduce(0, +) / Double(max(1, scored.count))
  }
}
