/// Mean and standard deviation of a few numbers, in two passes.
///
///     m = Σ x / n,   s = √( Σ (x − m)² / (n − 1) )
///
/// The second pass subtracts the mean before squaring, so that numbers that differ little from
/// each other keep their digits. Numbers that are all equal have themselves as mean, exactly: the
/// rounding of a sum would else pass for a difference from it.
struct Moments {
  let mean: Double
  /// With Bessel's correction; nil for a single number.
  let standardDeviation: Double?

  /// nil for no numbers.
  init?(of values: [Double]) {
    guard !values.isEmpty else { return nil }
    let areEqual = values.allSatisfy { $0 == values[0] }
    let mean = areEqual ? values[0] : values.reduce(0, +) / Double(values.count)
    self.mean = mean
    guard values.count > 1 else {
      standardDeviation = nil
      return
    }
    let sumOfSquares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    standardDeviation = (sumOfSquares / Double(values.count - 1)).squareRoot()
  }
}
