/// The value of a number, exactly: a decimal of any length, or a fraction that is none.
///
/// 1,000 and 1e3 and +1000.0 are one value, and so are 3/4 and 0.75; 9007199254740993 is not
/// 9007199254740992, and 1/3 is no decimal.
struct ExactNumber: Sendable, Hashable {
  // ±0.d₁d₂…dₙ × 10^exponent / denominator with neither d₁ nor dₙ zero. Zero has no digits, sign or
  // exponent. A denominator above 1 belongs to a fraction in lowest terms that is no finite decimal.
  private var isNegative: Bool
  private let digits: String
  private let exponent: Int
  private var denominator = 1

  /// ±whole.fraction × 10^power, both given by their digits 0 to 9.
  init(isNegative: Bool, whole: [Unicode.Scalar], fraction: [Unicode.Scalar], power: Int) {
    let all = whole + fraction
    let significant = all.drop { $0 == "0" }
    let leadingZeros = all.count - significant.count
    let trailingZeros = significant.reversed().prefix { $0 == "0" }.count
    var digits = String.UnicodeScalarView()
    digits.append(contentsOf: significant.dropLast(trailingZeros))
    self.digits = String(digits)
    self.isNegative = isNegative && !digits.isEmpty
    self.exponent = digits.isEmpty ? 0 : whole.count - leadingZeros + power
  }

  init(_ fraction: Fraction) {
    let denominator = UInt64(fraction.denominator)
    let whole = fraction.numerator.magnitude
    var decimals = String.UnicodeScalarView()
    if Self.hasOnlyTwosAndFives(denominator) {
      // At most 62 decimals, as the denominator is below 2⁶³.
      var remainder = UInt64(whole) % denominator
      while remainder > 0 {
        let (decimal, rest) = denominator.dividingFullWidth(
          remainder.multipliedFullWidth(by: 10))
        decimals.append(contentsOf: String(decimal).unicodeScalars)
        remainder = rest
      }
      self.init(
        isNegative: fraction.numerator < 0,
        whole: Array(String(UInt64(whole) / denominator).unicodeScalars),
        fraction: Array(decimals), power: 0)
    } else {
      self.init(
        isNegative: fraction.numerator < 0, whole: Array(String(whole).unicodeScalars),
        fraction: [], power: 0)
      self.denominator = fraction.denominator
    }
  }

  var negated: ExactNumber {
    var number = self
    number.isNegative = !isNegative && !digits.isEmpty
    return number
  }

  /// The number as an `Int`; nil where it is no whole number, or too large.
  var wholeNumber: Int? {
    if digits.isEmpty { return 0 }
    guard denominator == 1, exponent >= digits.utf8.count, exponent <= 19 else { return nil }
    let zeros = String(repeating: "0", count: exponent - digits.utf8.count)
    return Int((isNegative ? "-" : "") + digits + zeros)
  }

  /// The nearest `Double`, or one beside it for a fraction; infinite beyond its range.
  var value: Double {
    let magnitude = digits.isEmpty ? 0 : Double("0.\(digits)e\(exponent)") ?? .infinity
    return (isNegative ? -magnitude : magnitude) / Double(denominator)
  }

  /// A text that two numbers share exactly when their values are equal.
  var canonical: String {
    let decimal = "\(isNegative ? "-" : "")0.\(digits)e\(exponent)"
    return denominator == 1 ? decimal : "\(decimal)/\(denominator)"
  }

  private static func hasOnlyTwosAndFives(_ number: UInt64) -> Bool {
    var rest = number
    while rest % 2 == 0 { rest /= 2 }
    while rest % 5 == 0 { rest /= 5 }
    return rest == 1
  }
}
