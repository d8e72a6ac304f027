/// The group-relative advantage of GRPO with outcome supervision.
///
///     Âᵢ = (Rᵢ − mean(R)) / (std(R) + ε),   ε = 1e-4,   R the rewards of one group
///
/// Shao et al. 2024 (DeepSeekMath), section 4.1.2 (<https://arxiv.org/abs/2402.03300>). The paper
/// leaves ddof and ε open; ddof 1 and 1e-4 are TRL's. With ``Scale/none`` only the mean is
/// subtracted: Liu et al. 2025 (Dr. GRPO), section 3.2 (<https://arxiv.org/abs/2503.20783>). With
/// ``Scale/batchStandardDeviation`` the deviation is that of all scored completions of the step,
/// so that a group that almost agrees is not blown up: TRL's `scale_rewards: batch`.
///
/// Edge cases:
/// - All rewards of a group equal (largest == smallest, exactly): every advantage is exactly 0.
///   Without this rule the rounding of the mean, divided by ε, would pass for a signal.
/// - A group of one: 0, and counted under `groups/singleton`.
/// - A completion without reward: 0, and it is no part of its group's mean and deviation.
/// - A group without any reward, and an empty group: nothing to compute.
public struct GroupRelativeAdvantage: AdvantageEstimator, Equatable {
  /// What the centred reward is divided by.
  public enum Scale: String, Sendable, CaseIterable {
    /// The standard deviation of the group's rewards, plus ε.
    case groupStandardDeviation = "group"
    /// The standard deviation of all scored completions of the step, plus ε.
    case batchStandardDeviation = "batch"
    /// Nothing: the centred reward is the advantage.
    case none
  }

  /// ε, added to the standard deviation before dividing, in units of reward.
  public static let epsilon = 1e-4

  /// The divisor of the centred reward.
  public var scale: Scale

  /// Creates the estimator; by default GRPO's, divided by the group's standard deviation.
  public init(scale: Scale = .groupStandardDeviation) {
    self.scale = scale
  }

  /// One advantage for each completion, the same for all its tokens.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    let all = groups.groups.joined().compactMap { $0.rewards?.total }
    let batchDeviation = Moments(of: all)?.standardDeviation
    return groups.outcomeAdvantages { rewards in
      guard let moments = Moments(of: rewards), let deviation = moments.standardDeviation else {
        return rewards.map { _ in 0 }
      }
      return rewards.map { reward in
        let centred = reward - moments.mean
        return switch scale {
        case .groupStandardDeviation: centred / (deviation + Self.epsilon)
        case .batchStandardDeviation: centred / ((batchDeviation ?? 0) + Self.epsilon)
        case .none: centred
        }
      }
    }
  }
}
