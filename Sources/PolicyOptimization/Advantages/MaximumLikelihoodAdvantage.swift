/// The advantage of MaxRL: how far a reward is from the group's mean, in units of that mean.
///
///     Âᵢ = (Rᵢ − mean(R)) / mean(R),   0 where mean(R) ≤ 0,   R the rewards of one group
///
/// Tajwar et al. 2026, "Maximum Likelihood Reinforcement Learning" (<https://arxiv.org/abs/2602.02710>).
/// With rewards 0 and 1, success rate p and G completions,
///
///     E[ 1/G·Σᵢ Âᵢ·∇log π(oᵢ) ] = ∇( −Σ_{k=1}^{G−1} (1 − p)ᵏ/k )
///
/// the gradient of log p = −Σ_{k≥1} (1 − p)ᵏ/k, cut off after G − 1 terms; the first term alone is the
/// policy gradient of p. Questions that are seldom solved count more, by 1/p in the limit.
///
/// Derivation: K of G succeed. Where K > 0 the sum is 1/K·Σ_{i succeeds} ∇log πᵢ − 1/G·Σᵢ ∇log πᵢ. The
/// first part has the expectation Σ_{k=1}^{G} (1 − p)^{k−1}·∇p. The second has expectation 0 over all
/// groups, of which those with K = 0 are left out: E[1/G·Σᵢ ∇log πᵢ; K = 0] = 1/G·∇(1 − p)^G, which
/// takes the last term away.
///
/// Edge cases: as ``GroupRelativeAdvantage``; equal rewards, a group of one and a completion without
/// reward give exactly 0. A mean of 0 or below is no success rate, and gives 0 too.
public struct MaximumLikelihoodAdvantage: AdvantageEstimator, Equatable {
  /// Creates the estimator, which has no parameters.
  public init() {}

  /// One advantage for each completion, the same for all its tokens.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    groups.outcomeAdvantages { rewards in
      guard let mean = Moments(of: rewards)?.mean, mean > 0 else { return rewards.map { _ in 0 } }
      return rewards.map { ($0 - mean) / mean }
    }
  }
}
