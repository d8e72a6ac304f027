public import Formats

/// The reward of a completion less that of the greedy completion of the same prompt.
///
///     Âᵢ = Rᵢ − R(greedy)
///
/// Li et al. 2023 (ReMax), eq. 5 (<https://arxiv.org/abs/2310.10505>). The baseline depends on the
/// prompt alone, so the gradient is unbiased, with one completion a prompt too; it costs one more.
///
/// Edge cases: a group without greedy reward, and a completion without reward, give 0; the former
/// are counted under `groups/without_greedy`. Equal rewards are no degenerate group here: all may be
/// better than the greedy one.
public struct GreedyBaselineAdvantage: AdvantageEstimator, Equatable {
  /// Creates the estimator, which has no parameters.
  public init() {}

  /// True: the greedy completion's reward is the baseline.
  public var needsGreedyRewards: Bool { true }

  /// False: a completion is compared with the greedy one, not with its group.
  public var comparesGroups: Bool { false }

  /// One advantage for each completion, the same for all its tokens.
  ///
  /// - Precondition: `greedyRewards` has one entry per group, nil where there is no reward.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    precondition(
      groups.greedyRewards.count == groups.groups.count, "one greedy reward per group, or nil")
    let completions = zip(groups.groups, groups.greedyRewards).flatMap { group, greedy in
      group.map { completion -> Advantages.Completion in
        guard let reward = completion.rewards?.total, let greedy else { return .uniform(0) }
        return .uniform(reward - greedy)
      }
    }
    let missing = Double(groups.greedyRewards.count { $0 == nil })
    return Advantages(
      completions: completions, metrics: groups.metrics + [Metric(.groupsWithoutGreedy, missing)])
  }
}

extension Metric.Name {
  /// Groups whose greedy completion has no reward.
  public static let groupsWithoutGreedy = Metric.Name("groups/without_greedy")
}
