/// What adapts the coefficient β of a ``KLPenalty``.
///
/// Both adaptive rules read the divergence between the policies before and after a rollout's last
/// epoch, and set β for the next rollout. A divergence that is NaN changes nothing. β grows to at
/// most 2⁶⁴, far beyond what any run needs.
public enum KLController: Sendable, Equatable {
  /// β stays as it is.
  case fixed
  /// The PPO paper's rule: β is doubled or halved when the divergence misses its target.
  case adaptive(AdaptiveKL)

  /// Ziegler's proportional rule.
  ///
  ///     β ← β·( 1 + clip(d/d_target − 1, ±0.2)·min(1, n/h) )
  ///
  /// n completions were measured; the horizon h > 0, usually 10000, is in completions too, and a
  /// rollout larger than that counts as one horizon.
  /// Ziegler et al. 2019, section 2.2 (<https://arxiv.org/abs/1909.08593>), in the linear form of its
  /// code, which verl and OpenRLHF use.
  case ziegler(target: Double, horizon: Double)

  /// The coefficient after a rollout of `completions` completions.
  ///
  /// - Parameter kl: the divergence at the end of the rollout's last epoch, in nats.
  public func coefficient(after coefficient: Double, kl: Double, completions: Int) -> Double {
    switch self {
    case .fixed: return coefficient
    case .adaptive(let rule): return rule.coefficient(after: coefficient, kl: kl)
    case .ziegler(let target, let horizon):
      if kl.isNaN { return coefficient }
      let error = min(max(kl / target - 1, -0.2), 0.2)
      return min(coefficient * (1 + error * min(1, Double(completions) / horizon)), 0x1p64)
    }
  }

  /// Stops the program where a target or a horizon is not positive.
  func checkRanges() {
    guard case .ziegler(let target, let horizon) = self else { return }
    precondition(target > 0 && target.isFinite && horizon > 0 && horizon.isFinite)
  }
}

/// The PPO paper's rule for β: double or halve it when the divergence misses its target.
///
///     d < d_target/1.5:  β ← β/2        d > 1.5·d_target:  β ← 2·β
///
/// Schulman et al. 2017, section 4 (<https://arxiv.org/abs/1707.06347>). d is the mean of
/// KL(π_old‖π_θ) after the last epoch; β starts at 1 and is of little account, as it adjusts fast.
///
/// Edge cases: d on a bound changes nothing. β stays above 2⁻⁶⁴, so that it does not vanish.
public struct AdaptiveKL: Sendable, Equatable {
  /// d_target > 0, in nats; the paper uses 0.003, 0.01 and 0.03.
  public var target: Double

  /// Creates the rule.
  ///
  /// - Precondition: `target` is positive and finite.
  public init(target: Double) {
    precondition(target > 0 && target.isFinite)
    self.target = target
  }

  func coefficient(after coefficient: Double, kl: Double) -> Double {
    if kl < target / 1.5 { return max(coefficient / 2, 0x1p-64) }
    if kl > target * 1.5 { return min(coefficient * 2, 0x1p64) }
    return coefficient
  }
}
