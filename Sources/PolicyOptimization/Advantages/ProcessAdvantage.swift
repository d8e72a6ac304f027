/// The group-relative advantage with process supervision: steps are rewarded where they end.
///
///     r̃ = (r − mean(r)) / (std(r) + ε),   over all step rewards of the group together
///     Â_t = Σ_{j: index(j) ≥ t} r̃_j,   ε = 1e-4, ddof 1
///
/// Shao et al. 2024 (DeepSeekMath), section 4.1.3 (<https://arxiv.org/abs/2402.03300>). A token gets
/// what it can still bring about. One terminal score per completion is outcome supervision:
/// ``GroupRelativeAdvantage``, token by token.
///
/// Edge cases: step rewards of a group that are all equal, or a single one, give exactly 0. A
/// completion without reward gives 0; one without steps too, and it adds none to the group. An
/// empty completion's terminal score counts as a step. `groups/degenerate` and `groups/singleton`
/// are about the totals of completions, as everywhere. Rewards whose mean or deviation overflows give
/// advantages that are not finite, which no update takes.
public struct ProcessAdvantage: AdvantageEstimator, Equatable {
  /// Creates the estimator, which has no parameters.
  public init() {}

  /// One advantage for each token: the sum of the normalized step rewards from there on.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    groups.tokenAdvantages { scored in
      let moments = Moments(of: scored.flatMap { $0.rewards.entries.map(\.reward) })
      return scored.map { completion, rewards in
        guard let moments, let deviation = moments.standardDeviation else {
          return Array(repeating: 0, count: completion.tokenCount)
        }
        let advantages = rewards.rewardsToGo(tokenCount: completion.tokenCount, discount: 1) {
          ($0 - moments.mean) / (deviation + GroupRelativeAdvantage.epsilon)
        }
        return Array(advantages.prefix(completion.tokenCount))
      }
    }
  }
}
