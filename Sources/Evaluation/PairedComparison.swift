/// The difference between two models on the same questions.
///
///     d_q = candidate_q − baseline_q,   difference = mean(d),   95 % interval: mean ± 1.96·SE(d)
///
/// Pairing removes the spread that both models share because some questions are harder than
/// others. The interval is the normal approximation, fair from about 30 questions on. An interval
/// that excludes 0 is a difference at the 5 % level.
///
/// Edge cases: fewer than two questions have no interval. When every d_q is equal, the interval is
/// that one point.
public struct PairedComparison: Sendable, Equatable {
  /// z of the standard normal distribution for 95 %.
  public static let z = 1.96

  /// The mean of d, its standard error and the number of questions; nil without questions.
  public let difference: MeanEstimate?
  /// Questions on which the candidate scored higher.
  public let wins: Int
  /// Questions on which the candidate scored lower.
  public let losses: Int

  /// Compares scores: one per question, the same questions in the same order.
  ///
  /// - Throws: `StatisticsError` where the counts differ.
  public init(candidate: [Double], baseline: [Double]) throws(StatisticsError) {
    guard candidate.count == baseline.count else {
      throw StatisticsError(
        "baseline: has a different number of questions from the candidate"
          + " (got \(baseline.count); need \(candidate.count))")
    }
    let differences = zip(candidate, baseline).map { $0 - $1 }
    difference = MeanEstimate(of: differences)
    wins = differences.count { $0 > 0 }
    losses = differences.count { $0 < 0 }
  }

  /// The 95 % interval of the difference; nil for fewer than two questions, or where a score is
  /// NaN.
  public var interval: ClosedRange<Double>? {
    guard let difference, let standardError = difference.standardError, !difference.mean.isNaN,
      !standardError.isNaN
    else { return nil }
    let margin = Self.z * standardError
    return (difference.mean - margin)...(difference.mean + margin)
  }
}
