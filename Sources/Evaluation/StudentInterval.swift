extension MeanEstimate {
  /// The 95 % interval of the mean of normally distributed values by Student's t.
  ///
  ///     m ± t(0.975, n − 1) · SE
  ///
  /// Student 1908, "The Probable Error of a Mean". For few values, such as one for each seed, where
  /// 1.96·SE would be too narrow: with three of them t is 4.30.
  ///
  /// Edge cases: nil for a single value, and where the mean or its error is not a number. Equal
  /// values have the interval of one point, which says that they show no spread.
  public var studentInterval: ClosedRange<Double>? {
    guard let standardError, mean.isFinite, standardError.isFinite else { return nil }
    let margin = Self.studentQuantile(degreesOfFreedom: count - 1) * standardError
    return (mean - margin)...(mean + margin)
  }

  /// t with 97.5 % of Student's distribution below it, for ν of 1 or more.
  ///
  /// For ν ≤ 10 from tables, above by the expansion around the normal distribution's z (Abramowitz
  /// and Stegun 1964, 26.7.5), which is right to 1e-5 there.
  package static func studentQuantile(degreesOfFreedom: Int) -> Double {
    let tabulated = [
      12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157,
      2.228139,
    ]
    if degreesOfFreedom <= tabulated.count { return tabulated[degreesOfFreedom - 1] }
    let freedom = Double(degreesOfFreedom)
    // Polynomials in z, for z = 1.959964.
    let coefficients = [1.959963984540054, 2.372271230, 2.822498616, 2.555849680, 1.589534053]
    return coefficients.reversed().reduce(0) { sum, coefficient in sum / freedom + coefficient }
  }
}
