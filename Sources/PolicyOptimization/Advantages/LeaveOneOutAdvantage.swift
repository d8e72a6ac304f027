/// The reward of a completion less the mean reward of the others of its group.
///
///     Âᵢ = Rᵢ − 1/(G − 1)·Σ_{j≠i} Rⱼ = G/(G − 1)·(Rᵢ − mean(R))
///
/// Ahmadian et al. 2024 (RLOO), eq. 6 (<https://arxiv.org/abs/2402.14740>). The baseline does not
/// contain the completion's own reward, so the gradient is unbiased; the group mean's is too small
/// by the factor 1 − 1/G.
///
/// Edge cases: as ``GroupRelativeAdvantage``; equal rewards, a group of one and a completion without
/// reward give exactly 0.
public struct LeaveOneOutAdvantage: AdvantageEstimator, Equatable {
  /// Creates the estimator, which has no parameters.
  public init() {}

  /// One advantage for each completion, the same for all its tokens.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    groups.outcomeAdvantages { rewards in
      guard let moments = Moments(of: rewards) else { return [] }
      let factor = Double(rewards.count) / Double(rewards.count - 1)
      return rewards.map { factor * ($0 - moments.mean) }
    }
  }
}
