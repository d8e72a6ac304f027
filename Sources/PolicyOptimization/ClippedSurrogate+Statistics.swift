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
  ///
  /// `clip_ratio/delta_mean` is the share of tokens with Â < 0 and r > δ, `clip_ratio/dual_mean`
  /// that of tokens whose loss the dual clip bounds.
  func statistics(
    ratios: Ratios, batch: ObjectiveBatch
  ) -> [(name: String, value: Double)] {
    func share(_ isBounded: (_ token: Int) -> Bool) -> Double {
      batch.meanShare(perCompletion: ratios.isShared, of: isBounded)
    }
    var statistics = batch.clipStatistics(perCompletion: ratios.isShared) { t in
      clippedSide(ratio: min(ratios.values[t], delta ?? .infinity), advantage: batch.advantage[t])
    }
    if delta != nil {
      statistics.append(
        (
          "clip_ratio/delta_mean",
          share { isDeltaBounded(ratio: ratios.values[$0]) && batch.advantage[$0] < 0 }
        ))
    }
    if dualClip != nil {
      statistics.append(
        (
          "clip_ratio/dual_mean",
          share { isDualClipped(ratio: ratios.values[$0], advantage: batch.advantage[$0]) }
        ))
    }
    return statistics
  }
}
