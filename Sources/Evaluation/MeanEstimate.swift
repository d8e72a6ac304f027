package import Formats
internal import PolicyOptimization

/// A mean over questions and its standard error.
///
///     m = Σ x / n,   SE = s/√n,   s = √( Σ (x − m)² / (n − 1) )
///
/// One value per question. Several samples of a question are first averaged, as they are not
/// independent of each other; their spread is then part of the spread between questions.
///
/// Edge cases: no values have no estimate; one value has no standard error. Equal values have the
/// standard error 0, which says that the sample shows no spread, not that the mean is exact.
public struct MeanEstimate: Sendable, Equatable {
  /// m, the mean of the values.
  public let mean: Double
  /// SE, in the unit of the values; nil for a single value.
  public let standardError: Double?
  /// n, the number of values.
  public let count: Int

  /// Estimates the mean of `values`; nil for no values.
  public init?(of values: [Double]) {
    guard let moments = Moments(of: values) else { return nil }
    (mean, count) = (moments.mean, values.count)
    standardError = moments.variance.map { ($0 / Double(values.count)).squareRoot() }
  }
}

extension MeanEstimate {
  /// A mean under its name and its standard error, for programs; null where there is none.
  package static func encoded(_ value: MeanEstimate?, mean name: String) -> JSONObject {
    [
      name: value.map { .number($0.mean) } ?? .null,
      "stderr": value?.standardError.map { .number($0) } ?? .null,
    ]
  }
}
