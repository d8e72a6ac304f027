internal import Foundation

/// How well rewards agree with comparisons.
public struct PreferenceStatistics: Sendable, Equatable {
  /// How many comparisons there are.
  public let count: Int
  /// The share of comparisons whose chosen completion has the larger reward; equal ones are half.
  public let accuracy: Double
  /// The expected calibration error: how far confidence and accuracy are apart.
  ///
  ///     Σ_b n_b/n·|accuracy_b − mean confidence_b|,   confidence σ(|r_chosen − r_rejected|)
  ///
  /// over ten bins of equal width from ½ to 1. Guo et al. 2017, eq. 3
  /// (<https://arxiv.org/abs/1706.04599>).
  public let calibrationError: Double
  /// The mean of r_chosen − r_rejected.
  public let gap: Double

  /// Computes the figures; nil without a comparison.
  public init?(_ comparisons: [PreferenceLoss.Comparison]) {
    if comparisons.isEmpty { return nil }
    count = comparisons.count
    var bins = [(count: Int, right: Double, confidence: Double)](
      repeating: (0, 0, 0), count: 10)
    var (right, gap) = (0.0, 0.0)
    for comparison in comparisons {
      let x = comparison.chosen - comparison.rejected
      let isRight = x > 0 ? 1 : x < 0 ? 0 : 0.5
      let confidence = 1 / (1 + exp(-abs(x)))
      let bin = min(9, max(0, Int((confidence - 0.5) * 20)))
      bins[bin] = (
        bins[bin].count + 1, bins[bin].right + isRight, bins[bin].confidence + confidence
      )
      right += isRight
      gap += x
    }
    let n = Double(count)
    accuracy = right / n
    self.gap = gap / n
    calibrationError = bins.reduce(0) { $0 + abs($1.right - $1.confidence) / n }
  }
}
