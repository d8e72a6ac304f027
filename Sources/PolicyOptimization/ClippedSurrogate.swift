/// PPO's clipped surrogate for one token, as a loss to minimize, with a bound for each side.
///
///     L = −min(r′·Â, clip(r, 1 − ε_low, 1 + ε_high)·Â),   r = π_θ / π_old
///     r′ = min(r, δ) where δ is set, else r
///     Â < 0 and c set:  L = min(L, −c·Â)
///
/// Schulman et al. 2017, eq. 7 (<https://arxiv.org/abs/1707.06347>); two bounds after Yu et al.
/// 2025 (DAPO), eq. 10 (<https://arxiv.org/abs/2503.14476>); δ after INTELLECT-2, eq. 1
/// (<https://arxiv.org/abs/2505.07291>); c, the dual clip, after Ye et al. 2020, eq. 5
/// (<https://arxiv.org/abs/1912.09729>). δ and c bound what the minimum leaves open: a loss that
/// grows with r where Â < 0. c bounds the loss, δ the ratio; both stop the gradient there.
///
/// Edge cases: at r exactly on a bound the unclipped branch counts, as in TRL, so the derivative
/// there is −r·Â. Â = 0 gives 0.
public struct ClippedSurrogate: Sendable, Equatable {
  /// How far the ratio may fall below 1 before a negative advantage stops counting.
  public var epsilonLow: Double
  /// How far the ratio may rise above 1 before a positive advantage stops counting.
  public var epsilonHigh: Double
  /// δ > 1, usually above 1 + ε_high: the largest ratio in the unclipped branch.
  public var delta: Double?
  /// c > 1, usually 3: a negative advantage counts at most c-fold.
  public var dualClip: Double?

  /// Usual range 0.1 to 0.3; `epsilonHigh` is `epsilonLow` unless given.
  public init(
    epsilonLow: Double = 0.2, epsilonHigh: Double? = nil, delta: Double? = nil,
    dualClip: Double? = nil
  ) {
    self.epsilonLow = epsilonLow
    self.epsilonHigh = epsilonHigh ?? epsilonLow
    self.delta = delta
    self.dualClip = dualClip
    precondition(0 < self.epsilonLow && self.epsilonLow < 1)
    precondition(0 < self.epsilonHigh && self.epsilonHigh.isFinite)
    precondition(delta.map { $0 > 1 && $0.isFinite } ?? true)
    precondition(dualClip.map { $0 > 1 && $0.isFinite } ?? true)
  }

  /// The loss, and its derivative with respect to log r: exactly 0 where a bound is active.
  public func callAsFunction(ratio: Double, advantage: Double) -> Surrogate.Term {
    if isDualClipped(ratio: ratio, advantage: advantage), let dualClip {
      return Surrogate.Term(loss: -dualClip * advantage)
    }
    let clipped = min(max(ratio, 1 - epsilonLow), 1 + epsilonHigh)
    let isBounded = isDeltaBounded(ratio: ratio)
    let unclipped = isBounded ? delta ?? ratio : ratio
    // Written so that NaN takes the branch that passes it on.
    if clipped * advantage < unclipped * advantage {
      // A δ below 1 + ε_high leaves ratios between them to this branch, not clipped by it.
      let isInside = clipped == ratio
      return Surrogate.Term(
        loss: -clipped * advantage, dLogRatio: isInside ? -clipped * advantage : 0)
    }
    return Surrogate.Term(
      loss: -unclipped * advantage, dLogRatio: isBounded ? 0 : -unclipped * advantage)
  }

  /// Whether δ replaces the ratio in the unclipped branch.
  func isDeltaBounded(ratio: Double) -> Bool {
    delta.map { ratio > $0 } ?? false
  }

  /// Whether the dual clip bounds the loss.
  func isDualClipped(ratio: Double, advantage: Double) -> Bool {
    guard let dualClip, advantage < 0, ratio > dualClip else { return false }
    return max(min(ratio, delta ?? ratio), min(ratio, 1 + epsilonHigh)) > dualClip
  }
}
