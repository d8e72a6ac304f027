import Foundation

/// Schulman's estimators of KL(π_θ ‖ π_ref) from one token drawn from π_θ.
///
///     k1 = −x,   k2 = ½x²,   k3 = eˣ − 1 − x,   x = log π_ref − log π_θ
///
/// Schulman 2020, "Approximating KL Divergence" (<http://joschu.net/blog/kl-approx.html>); k3 is
/// eq. 4 of DeepSeekMath (<https://arxiv.org/abs/2402.03300>). k1 and k3 are unbiased; k2 and k3 are
/// never negative.
///
/// The derivatives are those of the formulas. As a loss, k3's own gradient is 1 − eˣ, whose
/// expectation is the gradient of KL(π_ref ‖ π_θ); ``KLPenalty/Weighting/ratio`` makes it that of
/// KL(π_θ ‖ π_ref). k1's is 1, whose expectation is 0: as a loss it does nothing but add noise.
public enum KLEstimator: String, Sendable, CaseIterable {
  case k1, k2, k3

  /// For k3, x above this is cut to it and counted: the reference finds the token e^20 times
  /// likelier than the policy that drew it.
  ///
  /// A cut x is constant, so its derivative is 0. Below there is no bound: as x → −∞, k3 → −x − 1
  /// without overflow, and its derivative, 1, is the pull back to the reference.
  public static let maximumExponent = 20.0

  /// The estimate for one token, and its derivative with respect to `logProb`.
  public func callAsFunction(
    logProb: Double, referenceLogProb: Double
  ) -> (value: Double, dLogProb: Double, isClamped: Bool) {
    let x = referenceLogProb - logProb
    switch self {
    case .k1: return (-x, 1, false)
    case .k2: return (0.5 * x * x, -x, false)
    case .k3:
      if x > Self.maximumExponent {
        return (expm1(Self.maximumExponent) - Self.maximumExponent, 0, true)
      }
      return (expm1(x) - x, -expm1(x), false)
    }
  }
}
