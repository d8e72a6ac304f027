/// PPO's clipped surrogate for one token, as a loss to minimize, with a bound for each side.
///
///     L = −min(r·Â, clip(r, 1 − ε_low, 1 + ε_high)·Â),   r = π_θ / π_old
///
/// Schulman et al. 2017, eq. 7 (<https://arxiv.org/abs/1707.06347>); two bounds after Yu et al.
/// 2025 (DAPO), eq. 10 (<https://arxiv.org/abs/2503.14476>).
///
/// Edge cases: at r exactly on a bound the unclipped branch counts, as in TRL, so the derivative
/// there is −r·Â. Â = 0 gives 0.
public struct ClippedSurrogate: Sendable, Equatable {
  /// How far the ratio may fall below 1 before a negative advantage stops counting.
  public var epsilonLow: Double
  /// How far the ratio may rise above 1 before a positive advantage stops counting.
  public var epsilonHigh: Double

  /// Usual range 0.1 to 0.3; `epsilonHigh` is `epsilonLow` unless given.
  public init(epsilonLow: Double = 0.2, epsilonHigh: Double? = nil) {
    self.epsilonLow = epsilonLow
    self.epsilonHigh = epsilonHigh ?? epsilonLow
    precondition(0 < self.epsilonLow && self.epsilonLow < 1)
    precondition(0 < self.epsilonHigh && self.epsilonHigh.isFinite)
  }

  /// The loss, and its derivative with respect to log r: exactly 0 where the clip is active.
  public func callAsFunction(ratio: Double, advantage: Double) -> Surrogate.Term {
    let clipped = min(max(ratio, 1 - epsilonLow), 1 + epsilonHigh)
    // Written so that NaN takes the branch that passes it on.
    if clipped * advantage < ratio * advantage {
      return Surrogate.Term(loss: -clipped * advantage)
    }
    return Surrogate.Term(loss: -ratio * advantage, dLogRatio: -ratio * advantage)
  }
}
