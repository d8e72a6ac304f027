/// Normalizes every reward function within the group before adding them up.
///
///     z_ik = (R_ik − mean_k) / (std_k + ε),   mean and std of function k over the group
///     sᵢ = Σ_k w_k·z_ik,   Âᵢ = (sᵢ − mean(s)) / (std(s) + ε),   over the step,   ε = 1e-4
///
/// Liu et al. 2026 (GDPO) (<https://arxiv.org/abs/2601.05242>), with ddof and ε as TRL's
/// `normalize_then_sum`. Two functions of different spread then have the influence their weights
/// say, and groups that differ in one function only no longer look alike.
///
/// Edge cases:
/// - A function that is equal for a whole group, or known for one completion of it, adds 0 there.
/// - A value that is nil adds 0 and is no part of mean_k and std_k.
/// - An unscored completion gets 0 and is no part of any mean.
/// - All sᵢ of a group equal (of one completion, too): its advantages are exactly 0. The mean over
///   the step is 0 but for rounding, which would pass for a signal there.
public struct NormalizedSumAdvantage: AdvantageEstimator, Equatable {
  /// Creates the estimator, which has no parameters.
  public init() {}

  /// True: every reward function is normalized by itself.
  public var readsComponents: Bool { true }

  /// One advantage for each completion, the same for all its tokens.
  ///
  /// - Precondition: every scored completion has the components of its reward, the same functions
  ///   in the same order.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    let sums = groups.groups.map(Self.sums(of:))
    let moments = Moments(of: sums.joined().compactMap(\.self))
    let completions = sums.flatMap { sums in
      let scored = sums.compactMap(\.self)
      let isFlat = scored.allSatisfy { $0 == scored[0] }
      return sums.map { sum -> Advantages.Completion in
        guard let sum, !isFlat, let moments, let deviation = moments.standardDeviation else {
          return .uniform(0)
        }
        return .uniform((sum - moments.mean) / (deviation + GroupRelativeAdvantage.epsilon))
      }
    }
    return Advantages(completions: completions, metrics: groups.metrics)
  }

  /// sᵢ of a group; nil for an unscored completion.
  private static func sums(of group: [RewardGroups.Completion]) -> [Double?] {
    let scored = group.filter { $0.rewards != nil }
    let functions = scored.first?.components.count ?? 0
    precondition(scored.isEmpty || functions > 0, "the reward functions one by one")
    precondition(scored.allSatisfy { $0.components.count == functions }, "the same functions")
    let moments = (0..<functions).map { k in
      Moments(of: scored.compactMap { $0.components[k].value })
    }
    return group.map { completion in
      guard completion.rewards != nil else { return nil }
      return zip(completion.components, moments).reduce(0.0) { sum, entry in
        let (component, moments) = entry
        guard let value = component.value, let moments,
          let deviation = moments.standardDeviation
        else { return sum }
        return sum + component.weight * (value - moments.mean)
          / (deviation + GroupRelativeAdvantage.epsilon)
      }
    }
  }
}
