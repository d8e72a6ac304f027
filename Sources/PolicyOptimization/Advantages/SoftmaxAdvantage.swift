import Foundation

/// The softmax-relative advantage: a completion's share of its group, less an equal share.
///
///     Âᵢ = exp(β·Rᵢ) / Σⱼ exp(β·Rⱼ) − 1/G
///
/// The form in which lectures on policy optimization state GRPO's relative function f_rel. G counts
/// the scored completions of the group. The advantages of a group sum to 0, lie in
/// (−1/G, 1 − 1/G), and do not change when a constant is added to every reward. For β → 0 they
/// tend to β/G·(Rᵢ − mean R): they are smaller than a centred reward by the factor G/β.
/// ``Scale/centred`` multiplies by that factor; otherwise the learning rate has to make up for it.
///
/// Edge cases: as ``GroupRelativeAdvantage``; equal rewards, a group of one and a completion without
/// reward give exactly 0. The largest reward is subtracted first, so no exponential overflows.
public struct SoftmaxAdvantage: AdvantageEstimator, Equatable {
  /// What the difference of shares is multiplied by.
  public enum Scale: String, Sendable, CaseIterable {
    /// 1: the formula as it stands.
    case none
    /// G/β, so that for β → 0 it is the reward less the group's mean.
    case centred
  }

  /// The inverse temperature β > 0, per unit of reward; `advantage_beta` in a recipe, and unrelated
  /// to the KL penalty's β.
  public var beta: Double
  /// The factor that the difference of shares is multiplied by.
  public var scale: Scale

  /// Creates the estimator.
  ///
  /// - Precondition: `beta` is positive and finite.
  public init(beta: Double = 1, scale: Scale = .none) {
    precondition(beta > 0 && beta.isFinite)
    self.beta = beta
    self.scale = scale
  }

  /// One advantage for each completion, the same for all its tokens.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    groups.outcomeAdvantages { rewards in
      let largest = rewards.max() ?? 0
      let weights = rewards.map { exp(beta * ($0 - largest)) }
      let sum = weights.reduce(0, +)
      let count = Double(rewards.count)
      return weights.map { weight in
        let share = weight / sum - 1 / count
        return switch scale {
        case .none: share
        case .centred: share * count / beta
        }
      }
    }
  }
}
