/// The rank of a completion within its group, from −1 for the worst to 1 for the best.
///
///     Âᵢ = 2·(rankᵢ − 1)/(G − 1) − 1,   ranks 1…G by reward, ties share their mean rank
///
/// The rank-based member of GRPO's relative functions. G counts the scored completions of the
/// group. Any increasing transformation of the rewards leaves it alone, so that a reward needs an
/// order only, and no outlier has more than its place. The advantages of a group sum to 0, and
/// their size does not depend on G: no standard deviation is divided by.
///
/// Edge cases: as ``GroupRelativeAdvantage``; equal rewards, a group of one and a completion without
/// reward give exactly 0.
public struct RankAdvantage: AdvantageEstimator, Equatable {
  /// Creates the estimator, which has no parameters.
  public init() {}

  /// One advantage for each completion, the same for all its tokens.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    groups.outcomeAdvantages { rewards in
      rewards.map { reward in
        // Twice the mean rank less one is what is below plus what is not above, so the formula
        // is a difference of counts.
        let (below, above) = (rewards.count { $0 < reward }, rewards.count { $0 > reward })
        return Double(below - above) / Double(rewards.count - 1)
      }
    }
  }
}
