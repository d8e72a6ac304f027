extension RewardGroups {
  /// How a group's scored completions relate to each other.
  enum Spread: Sendable, Equatable {
    /// No completion has a reward.
    case unscored
    /// One completion has a reward: there is nothing to compare it with.
    case singleton
    /// Several have, and the largest equals the smallest exactly.
    case degenerate
    case informative

    init(of rewards: [Double]) {
      switch rewards.count {
      case 0: self = .unscored
      case 1: self = .singleton
      default: self = rewards.allSatisfy { $0 == rewards[0] } ? .degenerate : .informative
      }
    }
  }

  /// Figures that hold for every estimator.
  ///
  /// `reward` and `reward_std` are mean and standard deviation (ddof 1) over all scored completions
  /// of the step, not by group; the first is absent when none is scored, the second when fewer
  /// than two are. `frac_reward_zero_std` is the share of *completions*, among the scored ones,
  /// whose group has no spread: TRL's definition, but by exact equality where TRL asks whether the
  /// standard deviation is within 1e-8 of 0. A group of one is in the share and is counted
  /// under `groups/singleton`, not under `groups/degenerate`.
  public func statistics() -> [(name: String, value: Double)] {
    let totals = groups.map { group in group.compactMap { $0.rewards?.total } }
    let scored = totals.flatMap(\.self)
    let spreads = totals.map(Spread.init(of:))
    let flat = zip(totals, spreads).filter { $1 == .singleton || $1 == .degenerate }
      .reduce(0) { $0 + $1.0.count }

    var statistics: [(name: String, value: Double)] = []
    if let moments = Moments(of: scored) {
      statistics.append(("reward", moments.mean))
      if let deviation = moments.standardDeviation {
        statistics.append(("reward_std", deviation))
      }
    }
    statistics += [
      ("frac_reward_zero_std", Double(flat) / Double(max(1, scored.count))),
      ("groups/degenerate", Double(spreads.count { $0 == .degenerate })),
      ("groups/singleton", Double(spreads.count { $0 == .singleton })),
      ("groups/unscored", Double(spreads.count { $0 == .unscored })),
      ("rewards/unscored", Double(groups.reduce(0) { $0 + $1.count } - scored.count)),
    ]
    return statistics
  }
}
