import Foundation

/// How a KL divergence is found: Schulman's estimators from one drawn token, or the sum over the
/// vocabulary.
///
/// With P the policy that drew the token, Q the other, and x = log Q − log P at the token:
///
///             KL(P‖Q), `ofSampler`      KL(Q‖P), `ofOther`
///     k1      −x                        eˣ·x
///     k2      ½x²                       ½x²
///     k3      eˣ − 1 − x                eˣ·x − eˣ + 1
///
/// Schulman 2020, "Approximating KL Divergence" (<http://joschu.net/blog/kl-approx.html>); k3 of the
/// left column is eq. 4 of DeepSeekMath (<https://arxiv.org/abs/2402.03300>). k1 and k3 are unbiased
/// in both columns; k2 is the second-order term both divergences share. k2 and k3 are never
/// negative. The factor eˣ in the right column is the importance weight: Q drew nothing.
///
/// An unbiased value need not have an unbiased gradient: that of the sampled mean leaves out how the
/// sampling itself would change. Where P is fixed (π_old) there is no such change, and k1's and
/// k3's gradients are exact. Where P is π_θ, k1's is 0 in expectation, k3's in the left column is
/// that of the reverse divergence, and ``KLPenalty/Weighting/ratio`` corrects it.
public enum KLEstimator: String, Sendable, CaseIterable {
  /// The log-ratio itself: unbiased, of either sign, and of large variance.
  case k1
  /// Half the squared log-ratio: biased, never negative.
  case k2
  /// The log-ratio with a control variate: unbiased and never negative.
  case k3
  /// The divergence itself at each position, summed over the vocabulary by the model's head.
  case exact

  /// x above this is cut to it where it is exponentiated, and counted.
  ///
  /// A cut x is constant, so its derivative is 0. Below there is no bound: as x → −∞, the
  /// exponential is 0 and the derivative stays what pulls the two policies together.
  public static let maximumExponent = 20.0

  /// One token's estimate.
  public struct Estimate: Sendable, Equatable {
    /// The estimate, in nats.
    public var value: Double
    /// ∂value/∂x, x = log Q − log P.
    public var dLogRatio: Double
    /// Whether x was above ``KLEstimator/maximumExponent`` and was cut to it.
    public var isClamped: Bool
  }

  /// KL(P‖Q) from one token drawn by P; `logRatio` is x = log Q − log P there.
  ///
  /// - Precondition: the estimator is no ``exact``, which draws nothing.
  public func klOfSampler(toOther logRatio: Double) -> Estimate {
    let (x, isCut) = Self.bounded(logRatio)
    switch self {
    case .k1: return Estimate(value: -logRatio, dLogRatio: -1, isClamped: false)
    case .k2:
      return Estimate(value: 0.5 * logRatio * logRatio, dLogRatio: logRatio, isClamped: false)
    case .k3:
      return Estimate(value: expm1(x) - x, dLogRatio: isCut ? 0 : expm1(x), isClamped: isCut)
    case .exact: preconditionFailure("an exact divergence is not estimated from a token")
    }
  }

  /// KL(Q‖P) from one token drawn by P; `logRatio` is x = log Q − log P there.
  ///
  /// - Precondition: the estimator is no ``exact``, which draws nothing.
  public func klOfOther(toSampler logRatio: Double) -> Estimate {
    let (x, isCut) = Self.bounded(logRatio)
    switch self {
    case .k1:
      return Estimate(
        value: Self.product(x), dLogRatio: isCut ? 0 : Self.product(x) + exp(x), isClamped: isCut)
    case .k2:
      return Estimate(value: 0.5 * logRatio * logRatio, dLogRatio: logRatio, isClamped: false)
    case .k3:
      return Estimate(
        value: Self.product(x) - expm1(x), dLogRatio: isCut ? 0 : Self.product(x),
        isClamped: isCut)
    case .exact: preconditionFailure("an exact divergence is not estimated from a token")
    }
  }

  private static func bounded(_ x: Double) -> (x: Double, isCut: Bool) {
    x > maximumExponent ? (maximumExponent, true) : (x, false)
  }

  /// x·eˣ, which is 0 where Q finds the token impossible (0·−∞ else).
  private static func product(_ x: Double) -> Double {
    x == -.infinity ? 0 : x * exp(x)
  }
}
