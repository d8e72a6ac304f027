public import Formats

/// Policy gradient weighted by a bounded ratio, which is a constant to the gradient.
///
///     L = −sg[ clip(r, r_min, r_max) ]·Â·log π_θ
///
/// MiniMax 2025 (MiniMax-M1), eq. 4 and 5 (<https://arxiv.org/abs/2506.13585>). Unlike a clipped
/// surrogate it never takes a token out of the update. The bounds are ratios: r_max is TRL's
/// `epsilon_high` (not 1 + ε), and the lower bound is open unless given.
///
/// Edge cases: on a bound nothing changes, as the ratio has no derivative. Â = 0 gives 0.
public struct CISPO: Sendable, Equatable {
  /// r_max > 0, usually 5 where only this bound is used.
  public var maximumRatio: Double
  /// 0 ≤ r_min ≤ r_max; 0 for no bound.
  public var minimumRatio: Double

  /// Creates the term; by default with the upper bound 5 alone.
  ///
  /// - Precondition: 0 ≤ `minimumRatio` ≤ `maximumRatio`, the latter positive and finite.
  public init(maximumRatio: Double = 5, minimumRatio: Double = 0) {
    precondition(maximumRatio > 0 && maximumRatio.isFinite)
    precondition(0 <= minimumRatio && minimumRatio <= maximumRatio)
    self.maximumRatio = maximumRatio
    self.minimumRatio = minimumRatio
  }

  /// The loss, and its derivative with respect to logProb at a constant ratio.
  public func callAsFunction(
    ratio: Double, logProb: Double, advantage: Double
  ) -> Surrogate.Term {
    let bounded = min(max(ratio, minimumRatio), maximumRatio)
    let weight = bounded * advantage
    return Surrogate.Term(
      loss: -weight * logProb, dLogProb: -weight, isBounded: bounded != ratio && advantage != 0)
  }

  func metrics(ratios: Ratios, batch: ObjectiveBatch) -> [Metric] {
    let share = batch.meanShare(perCompletion: ratios.isShared) {
      ratios.values[$0] > maximumRatio && batch.advantage[$0] > 0
    }
    return [Metric(.cispoClipRatio, share)]
  }
}

extension Metric.Name {
  /// The share of tokens with r > r_max and Â > 0, as TRL has it.
  public static let cispoClipRatio = Metric.Name("cispo_clip_ratio")
}
