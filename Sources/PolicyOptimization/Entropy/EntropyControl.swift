/// Who decides about the coefficient of an ``EntropyBonus``.
public enum EntropyControl: Sendable, Equatable {
  /// It stays as it is.
  case fixed
  case adaptive(AdaptiveEntropy)
}

/// Moves the entropy coefficient so that the policy's entropy does not fall below a target.
///
///     c ← clip( c + Δ if H ≤ H_target, else c − Δ,  c_min, c_max )
///
/// and the bonus applies only while H ≤ H_target. H is the mean entropy of the update before.
/// He et al. 2025 (Skywork-OR1), section 3.2 (<https://arxiv.org/abs/2505.22312>), with the options
/// and defaults of TRL.
public struct AdaptiveEntropy: Sendable, Equatable {
  /// H_target ≥ 0, in nats.
  public var target: Double
  /// Δ > 0.
  public var delta: Double
  /// c_min ≥ 0.
  public var minimum: Double
  /// c_max ≥ c_min.
  public var maximum: Double

  public init(
    target: Double = 0.2, delta: Double = 0.005, minimum: Double = 0, maximum: Double = 1
  ) {
    precondition(target >= 0 && target.isFinite && delta > 0 && delta.isFinite)
    precondition(0 <= minimum && minimum <= maximum && maximum.isFinite)
    self.target = target
    self.delta = delta
    self.minimum = minimum
    self.maximum = maximum
  }

  func coefficient(after coefficient: Double, entropy: Double) -> Double {
    let moved = entropy <= target ? coefficient + delta : coefficient - delta
    return min(max(moved, minimum), maximum)
  }
}
