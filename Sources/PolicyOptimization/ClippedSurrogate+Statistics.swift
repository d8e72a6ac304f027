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

  /// TRL's `clip_ratio/*`: shares of unmasked tokens at which the clip is active.
  ///
  /// `low_mean`, `high_mean` and `region_mean` (either side) are means over the step's tokens;
  /// `low_min` and `high_max` the smallest and largest share among the completions that have
  /// an unmasked token. All are 0 when none has.
  func statistics(
    ratios: [Double], batch: ObjectiveBatch
  ) -> [(name: String, value: Double)] {
    var (tokens, low, high) = (0, 0, 0)
    var (lowMin, highMax) = (Double.infinity, 0.0)
    for range in batch.completions {
      let sides = range.filter { batch.mask[$0] }
        .map { clippedSide(ratio: ratios[$0], advantage: batch.advantage[$0]) }
      guard !sides.isEmpty else { continue }
      let (lows, highs) = (sides.count { $0 == .low }, sides.count { $0 == .high })
      tokens += sides.count
      low += lows
      high += highs
      lowMin = min(lowMin, Double(lows) / Double(sides.count))
      highMax = max(highMax, Double(highs) / Double(sides.count))
    }
    let denominator = Double(max(1, tokens))
    return [
      ("clip_ratio/low_mean", Double(low) / denominator),
      ("clip_ratio/low_min", tokens == 0 ? 0 : lowMin),
      ("clip_ratio/high_mean", Double(high) / denominator),
      ("clip_ratio/high_max", highMax),
      ("clip_ratio/region_mean", Double(low + high) / denominator),
    ]
  }
}
