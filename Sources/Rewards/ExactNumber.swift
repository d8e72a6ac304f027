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
    digits = String(String.UnicodeScalarView(significant.dropLast(trailingZeros)))
    self.isNegative = isNegative && !digits.isEmpty
    self.exponent = digits.isEmpty ? 0 : whole.count - leadingZeros + power
  }

  /// The shortest decimal that is read as `value`, which is finite.
  init(shortestOf value: Double) {
    guard let number = WrittenNumber("\(value)")?.number else {
      preconditionFailure("not finite")
    }
    self = number
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

  /// Whether the two are at most `tolerance` apart, a decimal that is not negative.
  ///
  /// Exact for numbers of up to 400 digits, however far apart their powers of ten are.
  func isWithin(_ tolerance: ExactNumber, of other: ExactNumber) -> Bool {
    precondition(!tolerance.isNegative && tolerance.denominator == 1)
    // |a/p − b/q| ≤ t exactly when |aq − bp| ≤ tpq, where all are decimals.
    let a = Magnitude(digits, exponent).times(other.denominator)
    let b = Magnitude(other.digits, other.exponent).times(denominator)
    let limit = Magnitude(tolerance.digits, tolerance.exponent)
      .times(denominator).times(other.denominator)
    let aligned = Magnitude.aligned([a, b, limit])
    let difference =
      isNegative == other.isNegative
      ? Magnitude.distance(aligned[0], aligned[1]) : Magnitude.sum(aligned[0], aligned[1])
    return !aligned[2].lexicographicallyPrecedes(difference)
  }

  private static func hasOnlyTwosAndFives(_ number: UInt64) -> Bool {
    var rest = number
    while rest % 2 == 0 { rest /= 2 }
    while rest % 5 == 0 { rest /= 5 }
    return rest == 1
  }
}

/// 0.d₁d₂…dₙ × 10^exponent, for sums.
private struct Magnitude {
  /// Each 0 to 9, the first of them not 0; none for zero.
  private var digits: [UInt8]
  private var exponent: Int

  init(_ digits: String, _ exponent: Int) {
    self.digits = digits.utf8.map { $0 - UInt8(ascii: "0") }
    self.exponent = exponent
  }

  /// `factor` is positive.
  func times(_ factor: Int) -> Magnitude {
    guard factor > 1 else { return self }
    var (product, carry) = (self, UInt(0))
    for index in digits.indices.reversed() {
      let (high, low) = UInt(digits[index]).multipliedFullWidth(by: UInt(factor))
      let (sum, overflows) = low.addingReportingOverflow(carry)
      let (tens, digit) = UInt(10).dividingFullWidth((high + (overflows ? 1 : 0), sum))
      (carry, product.digits[index]) = (tens, UInt8(digit))
    }
    while carry > 0 {
      product.digits.insert(UInt8(carry % 10), at: 0)
      product.exponent += 1
      carry /= 10
    }
    return product
  }

  /// The digits of all from one power of ten down to another, with room for the carry of a sum.
  ///
  /// What begins more than 2,000 places below the largest decides only where the others cancel to
  /// nothing. They end within 2,500 places, so one unit in the 4,000th stands for it.
  static func aligned(_ magnitudes: [Magnitude]) -> [[UInt8]] {
    let known = magnitudes.filter { !$0.digits.isEmpty }
    let top = (known.map(\.exponent).max() ?? 0) + 1
    let isFar = { (magnitude: Magnitude) in top - magnitude.exponent > 2_000 }
    let width =
      known.map { isFar($0) ? 4_000 : top - $0.exponent + $0.digits.count }.max() ?? 0
    return magnitudes.map { magnitude in
      var digits = [UInt8](repeating: 0, count: width)
      if magnitude.digits.isEmpty { return digits }
      if isFar(magnitude) {
        digits[width - 1] = 1
      } else {
        let start = top - magnitude.exponent
        digits.replaceSubrange(start..<start + magnitude.digits.count, with: magnitude.digits)
      }
      return digits
    }
  }

  static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
    var (sum, carry) = (a, UInt8(0))
    for index in a.indices.reversed() {
      let digit = a[index] + b[index] + carry
      (carry, sum[index]) = (digit / 10, digit % 10)
    }
    return sum
  }

  static func distance(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
    let (more, less) = a.lexicographicallyPrecedes(b) ? (b, a) : (a, b)
    var (difference, borrow) = (more, UInt8(0))
    for index in more.indices.reversed() {
      let digit = more[index] + 10 - less[index] - borrow
      (borrow, difference[index]) = (digit < 10 ? 1 : 0, digit % 10)
    }
    return difference
  }
}
