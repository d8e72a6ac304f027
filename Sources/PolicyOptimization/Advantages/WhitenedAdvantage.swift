/// Advantages of REINFORCE++: returns whitened over the step, without a value function.
///
///     none:       Â_t = whiten( Ĝ_t ),   Ĝ_t = Σ_{t′≥t} γ^{t′−t}·r_{t′}
///     groupMean:  Â_t = whiten( Rᵢ − mean(R) ),   the same for every token
///
/// whiten(x) = (x − mean(x)) / (std(x) + 1e-8) over the tokens of all scored completions of the step.
/// Hu et al. 2025 (<https://arxiv.org/abs/2501.03262>): the first for one completion a prompt (its KL
/// is in the reward, ``RewardShaping``), the other for groups.
///
/// Edge cases: a completion without reward gives exactly 0 and is no part of mean and deviation.
/// Tokens that are all equal give exactly 0. With ``Baseline/groupMean`` a group of one, and one
/// whose rewards are all equal, are left out like unscored completions. verl whitens them too,
/// which pushes all their completions the same way, on no signal of their own.
public struct WhitenedAdvantage: AdvantageEstimator, Equatable {
  /// What is subtracted before whitening.
  public enum Baseline: String, Sendable, CaseIterable {
    /// Nothing: the returns themselves are whitened.
    case none
    /// The mean reward of the completion's group.
    case groupMean = "group-mean"
  }

  /// γ, 0 to 1; always 1 with ``Baseline/groupMean``, whose rewards are those of whole completions.
  public let discount: Double
  /// What is subtracted before whitening.
  public let baseline: Baseline

  /// Creates the estimator.
  ///
  /// - Precondition: γ is 0 to 1, and 1 with ``Baseline/groupMean``, where it has no effect.
  public init(discount: Double = 1, baseline: Baseline = .none) {
    precondition(0 <= discount && discount <= 1)
    precondition(baseline == .none || discount == 1, "the discount has no effect")
    self.discount = discount
    self.baseline = baseline
  }

  /// True with ``Baseline/groupMean``.
  public var comparesGroups: Bool { baseline == .groupMean }

  /// One advantage for each token, whitened over the step.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    let counts = groups.tokenCounts
    switch baseline {
    case .none:
      let returns = groups.tokenAdvantages { scored in
        scored.map { completion, rewards in
          Array(
            rewards.rewardsToGo(tokenCount: completion.tokenCount, discount: discount)
              .prefix(completion.tokenCount))
        }
      }
      return returns.whitened(
        tokenCounts: counts, takesPart: groups.groups.joined().map { $0.rewards != nil })
    case .groupMean:
      let takesPart = groups.groups.flatMap { group in
        let spread = RewardGroups.Spread(of: group.compactMap { $0.rewards?.total })
        return group.map { $0.rewards != nil && spread == .informative }
      }
      return GroupRelativeAdvantage(scale: .none)(groups)
        .whitened(tokenCounts: counts, takesPart: takesPart)
    }
  }
}
