extension RewardGroups {
  /// One advantage per completion, from the total rewards of its group.
  ///
  /// `estimate` sees the rewards of the scored completions of an informative group, and answers
  /// with as many advantages. Unscored completions, groups of one and groups whose rewards are
  /// all equal get exactly 0 without asking it.
  func outcomeAdvantages(_ estimate: ([Double]) -> [Double]) -> Advantages {
    var completions: [Advantages.Completion] = []
    for group in groups {
      let rewards = group.compactMap { $0.rewards?.total }
      let isInformative = Spread(of: rewards) == .informative
      var scored = (isInformative ? estimate(rewards) : rewards.map { _ in 0 }).makeIterator()
      for completion in group {
        let advantage = completion.rewards == nil ? nil : scored.next()
        completions.append(.uniform(advantage ?? 0))
      }
    }
    return Advantages(completions: completions, statistics: statistics())
  }

  /// One advantage per token, group by group.
  ///
  /// `estimate` sees the scored completions of a group and answers for each with one number per
  /// token; unscored completions get exactly 0.
  func tokenAdvantages(
    _ estimate: (_ scored: [(completion: Completion, rewards: RewardStream)]) -> [[Double]]
  ) -> Advantages {
    var completions: [Advantages.Completion] = []
    for group in groups {
      let scored = group.compactMap { completion in completion.rewards.map { (completion, $0) } }
      var estimates = estimate(scored).makeIterator()
      for completion in group {
        let advantages = completion.rewards == nil ? nil : estimates.next()
        completions.append(
          .perToken(advantages ?? Array(repeating: 0, count: completion.tokenCount)))
      }
    }
    return Advantages(completions: completions, statistics: statistics())
  }
}
