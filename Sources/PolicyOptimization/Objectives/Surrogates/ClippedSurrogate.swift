public import Formats

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
  /// ε_low, 0 to 1: how far the ratio may fall below 1 before a negative advantage stops counting.
  public var epsilonLow: Double
  /// ε_high > 0: how far the ratio may rise above 1 before a positive advantage stops counting.
  public var epsilonHigh: Double
  /// δ > 1, usually above 1 + ε_high: the largest ratio in the unclipped branch.
  public var delta: Double?
  /// c > 1, usually 3: a negative advantage counts at most c-fold.
  public var dualClip: Double?

  /// Creates the surrogate, with ε_high = ε_low unless given; both are usually 0.1 to 0.3.
  ///
  /// - Precondition: 0 < ε_low < 1, ε_high is positive and finite, and δ and c are nil or above 1.
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
      return Surrogate.Term(loss: -dualClip * advantage, isBounded: true)
    }
    let clipped = min(max(ratio, 1 - epsilonLow), 1 + epsilonHigh)
    let isBounded = isDeltaBounded(ratio: ratio)
    let unclipped = isBounded ? delta ?? ratio : ratio
    // Written so that NaN takes the branch that passes it on.
    if clipped * advantage < unclipped * advantage {
      // A δ below 1 + ε_high leaves ratios between them to this branch, not clipped by it.
      let isInside = clipped == ratio
      return Surrogate.Term(
        loss: -clipped * advantage, dLogRatio: isInside ? -clipped * advantage : 0,
        isBounded: !isInside)
    }
    return Surrogate.Term(
      loss: -unclipped * advantage, dLogRatio: isBounded ? 0 : -unclipped * advantage,
      isBounded: isBounded && advantage != 0)
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

extension ClippedSurrogate {
  /// A side on which the clip is active.
  public enum ClippedSide: Sendable, Equatable {
    /// r < 1 − ε_low and Â < 0.
    case low
    /// r > 1 + ε_high and Â > 0.
    case high
  }

  /// Where the clip takes the gradient away; nil where it does not.
  public func clippedSide(ratio: Double, advantage: Double) -> ClippedSide? {
    if ratio < 1 - epsilonLow && advantage < 0 { return .low }
    if ratio > 1 + epsilonHigh && advantage > 0 { return .high }
    return nil
  }

  /// TRL's `clip_ratio/*`, and the shares of the two further bounds where they are set.
  func metrics(ratios: Ratios, batch: ObjectiveBatch) -> [Metric] {
    func share(_ isBounded: (_ token: Int) -> Bool) -> Double {
      batch.meanShare(perCompletion: ratios.isShared, of: isBounded)
    }
    var metrics = batch.clipMetrics(perCompletion: ratios.isShared) { t in
      clippedSide(ratio: min(ratios.values[t], delta ?? .infinity), advantage: batch.advantage[t])
    }
    if delta != nil {
      let bounded = share { isDeltaBounded(ratio: ratios.values[$0]) && batch.advantage[$0] < 0 }
      metrics.append(Metric(.deltaClipMean, bounded))
    }
    if dualClip != nil {
      let bounded = share {
        isDualClipped(ratio: ratios.values[$0], advantage: batch.advantage[$0])
      }
      metrics.append(Metric(.dualClipMean, bounded))
    }
    return metrics
  }
}

extension ObjectiveBatch {
  /// TRL's `clip_ratio/*`: shares of unmasked tokens at which a clip is active.
  ///
  /// All are 0 when none is unmasked.
  func clipMetrics(
    perCompletion: Bool, side: (_ token: Int) -> ClippedSurrogate.ClippedSide?
  ) -> [Metric] {
    func mean(_ condition: (_ token: Int) -> Bool) -> Double {
      meanShare(perCompletion: perCompletion, of: condition)
    }
    return [
      Metric(.lowClipMean, mean { side($0) == .low }),
      Metric(.lowClipMinimum, shares { side($0) == .low }.min() ?? 0),
      Metric(.highClipMean, mean { side($0) == .high }),
      Metric(.highClipMaximum, shares { side($0) == .high }.max() ?? 0),
      Metric(.clipMean, mean { side($0) != nil }),
    ]
  }
}

extension Metric.Name {
  /// The share of tokens at which the lower bound is active.
  public static let lowClipMean = Metric.Name("clip_ratio/low_mean")
  /// The smallest such share among the completions that have an unmasked token.
  public static let lowClipMinimum = Metric.Name("clip_ratio/low_min", over: .smallest)
  /// The share of tokens at which the upper bound is active.
  public static let highClipMean = Metric.Name("clip_ratio/high_mean")
  /// The largest such share among the completions that have an unmasked token.
  public static let highClipMaximum = Metric.Name("clip_ratio/high_max", over: .largest)
  /// The share of tokens at which either is.
  public static let clipMean = Metric.Name("clip_ratio/region_mean")
  /// The share of tokens with Â < 0 and r > δ.
  public static let deltaClipMean = Metric.Name("clip_ratio/delta_mean")
  /// The share of tokens whose loss the dual clip bounds.
  public static let dualClipMean = Metric.Name("clip_ratio/dual_mean")
}
