/// A rational number in lowest terms, exact or nothing: what does not fit in 63 bits and a sign is nil.
struct Fraction: Equatable, Sendable {
  let numerator: Int
  /// Positive.
  let denominator: Int

  private init(lowestTerms numerator: Int, _ denominator: Int) {
    (self.numerator, self.denominator) = (numerator, denominator)
  }

  /// Nil for a denominator of 0.
  init?(_ numerator: Int, over denominator: Int) {
    guard denominator != 0, numerator != .min, denominator != .min else { return nil }
    let divisor = Self.greatestCommonDivisor(abs(numerator), abs(denominator))
    let sign = denominator < 0 ? -1 : 1
    self.numerator = sign * numerator / divisor
    self.denominator = abs(denominator) / divisor
  }

  static func + (a: Fraction, b: Fraction) -> Fraction? {
    guard let left = product(a.numerator, b.denominator),
      let right = product(b.numerator, a.denominator),
      let below = product(a.denominator, b.denominator)
    else { return nil }
    let (sum, overflows) = left.addingReportingOverflow(right)
    return overflows ? nil : Fraction(sum, over: below)
  }

  static func * (a: Fraction, b: Fraction) -> Fraction? {
    guard let above = product(a.numerator, b.numerator),
      let below = product(a.denominator, b.denominator)
    else { return nil }
    return Fraction(above, over: below)
  }

  /// 1/x; nil for 0.
  var inverse: Fraction? { Fraction(denominator, over: numerator) }

  /// −x, which always fits: no numerator is `Int.min`.
  var negated: Fraction { Fraction(lowestTerms: -numerator, denominator) }

  private static func product(_ a: Int, _ b: Int) -> Int? {
    let (product, overflows) = a.multipliedReportingOverflow(by: b)
    return overflows ? nil : product
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return max(a, 1)
  }
}
