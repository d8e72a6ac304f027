/// Mean and variance of a few numbers, in two passes.
///
///     m = Σ x / n,   s² = Σ (x − m)² / (n − 1)
///
/// The second pass subtracts the mean before squaring, so that numbers that differ little from
/// each other keep their digits. Numbers that are all equal have themselves as mean, exactly: the
/// rounding of a sum would else pass for a difference from it.
package struct Moments {
  package let mean: Double
  /// With Bessel's correction; nil for a single number.
  package let variance: Double?

  package var standardDeviation: Double? { variance?.squareRoot() }

  /// nil for no numbers.
  package init?(of values: [Double]) {
    guard !values.isEmpty else { return nil }
    let areEqual = values.allSatisfy { $0 == values[0] }
    let mean = areEqual ? values[0] : values.reduce(0, +) / Double(values.count)
    self.mean = mean
    guard values.count > 1 else {
      variance = nil
      return
    }
    let sumOfSquares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    variance = sumOfSquares / Double(values.count - 1)
  }
}
