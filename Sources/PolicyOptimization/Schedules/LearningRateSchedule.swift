import Foundation

/// The learning rate of each optimizer update: linear warm-up, then decay.
///
///     u < w:  η·(u + 1)/w
///     else:   η·(f + (1 − f)·d(p)),   p = min(1, (u − w)/(U − w)),   f the floor
///     d(p) = 1 − p (linear),   ½·(1 + cos πp) (cosine),   1 (constant)
///
/// u counts updates over the whole run from 0, so that a resumed run needs no state. The last
/// warm-up update and the first one after it both have the peak. The update at u = U would be the
/// first at the floor; all later ones stay there.
public struct LearningRateSchedule: Sendable, Equatable {
  /// What follows the warm-up.
  public enum Decay: String, Sendable, CaseIterable {
    /// The peak throughout.
    case constant
    /// A straight line from the peak to the floor.
    case linear
    /// Half a cosine from the peak to the floor.
    case cosine
  }

  /// η ≥ 0, the rate after the warm-up.
  public var peak: Double
  /// w, in updates; 0 for no warm-up.
  public var warmUpUpdates: Int
  /// U, in updates, warm-up included.
  public var totalUpdates: Int
  /// How the rate goes from the peak to the floor.
  public var decay: Decay
  /// f, the last rate as a share of the peak, 0 to 1; ignored by ``Decay/constant``.
  public var floor: Double

  /// Creates a schedule; by default a constant rate without warm-up.
  ///
  /// - Precondition: the peak is finite, no number is negative, and `floor` is at most 1.
  public init(
    peak: Double, warmUpUpdates: Int = 0, totalUpdates: Int, decay: Decay = .constant,
    floor: Double = 0
  ) {
    precondition(peak >= 0 && peak.isFinite && warmUpUpdates >= 0 && totalUpdates >= 0)
    precondition(0 <= floor && floor <= 1)
    (self.peak, self.warmUpUpdates, self.totalUpdates) = (peak, warmUpUpdates, totalUpdates)
    (self.decay, self.floor) = (decay, floor)
  }

  /// The rate of update `update`, counted from 0 over the whole run.
  public func learningRate(at update: Int) -> Double {
    precondition(update >= 0)
    if update < warmUpUpdates {
      return peak * Double(update + 1) / Double(warmUpUpdates)
    }
    return switch decay {
    case .constant: peak
    case .linear: peak * (floor + (1 - floor) * (1 - progress(at: update)))
    case .cosine:
      peak * (floor + (1 - floor) * 0.5 * (1 + cos(.pi * progress(at: update))))
    }
  }

  /// p: 1 at once where the warm-up takes every update.
  private func progress(at update: Int) -> Double {
    guard totalUpdates > warmUpUpdates else { return 1 }
    return min(1, Double(update - warmUpUpdates) / Double(totalUpdates - warmUpUpdates))
  }
}
