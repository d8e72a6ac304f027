import PolicyOptimization

/// The better half of every group, and nothing else: 1 above the group's median reward, 0 elsewhere.
struct TopHalfAdvantage: AdvantageEstimator {
  func callAsFunction(_ groups: RewardGroups) -> Advantages {
    let completions = groups.groups.flatMap { group in
      let rewards = group.compactMap { $0.rewards?.total }.sorted()
      return group.map { completion -> Advantages.Completion in
        guard let reward = completion.rewards?.total, reward > rewards[rewards.count / 2] else {
          return .uniform(0)
        }
        return .uniform(1)
      }
    }
    return Advantages(completions: completions)
  }
}
