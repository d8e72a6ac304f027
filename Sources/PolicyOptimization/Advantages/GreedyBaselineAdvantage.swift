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
  public init() {}

  public var needsGreedyRewards: Bool { true }

  public var comparesGroups: Bool { false }

  /// - Precondition: greedy completions were drawn.
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
