/// A decimal number as people and policies write it.
///
///     number   = [sign] (digits [fraction] | fraction) [exponent]
///     sign     = "+" | "-" | "−" (U+2212)
///     digits   = 1*DIGIT | 1*3DIGIT 1*("," 3DIGIT)
///     fraction = "." 1*DIGIT
///     exponent = ("e" | "E") ["+" | "-"] 1*6DIGIT
///
/// DIGIT is 0 to 9. Thousands separators are commas before groups of exactly three digits. There
/// is no white space within, no currency, percent, infinity or hexadecimal, and `5.` is no number.
/// At most 400 characters. Two numbers are equal when their values are, exactly: 1,000 and 1e3
/// and +1000.0 are, and 9007199254740993 is not 9007199254740992.
public struct DecimalNumber: Sendable, Equatable {
  // ±0.d₁d₂…dₙ × 10^exponent with neither d₁ nor dₙ zero. Zero has no digits, sign or exponent.
  private let isNegative: Bool
  private let digits: String
  private let exponent: Int

  private static let maximumLength = 400

  /// The number that `text` is as a whole; nil when it is none.
  public init?(_ text: String) {
    let scalars = Array(text.unicodeScalars.prefix(Self.maximumLength + 1))
    guard let (number, end) = Self.parse(scalars, from: 0), end == scalars.count else {
      return nil
    }
    self = number
  }

  private init(isNegative: Bool, whole: [Unicode.Scalar], fraction: [Unicode.Scalar], power: Int) {
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

  /// The nearest `Double`; infinite beyond its range.
  public var value: Double {
    let magnitude = digits.isEmpty ? 0 : Double("0.\(digits)e\(exponent)") ?? .infinity
    return isNegative ? -magnitude : magnitude
  }

  /// The last number within `text`, as it is written there.
  ///
  /// A number within a text touches no letter, digit or `_`, nor a point or comma with a digit on
  /// its other side: "v2", "1.2.3" and "1,2" have none. So the point at a sentence's end does not
  /// belong to it, and neither does the sign in "3-4", whose last number is 4.
  static func last(in text: String) -> String? {
    let scalars = Array(text.unicodeScalars)
    var last: Range<Int>?
    var position = 0
    while position < scalars.count {
      if !isTouched(scalars, before: position), let (_, end) = parse(scalars, from: position),
        !isTouched(scalars, after: end)
      {
        last = position..<end
        position = end
      } else {
        position += 1
      }
    }
    guard let last else { return nil }
    var number = String.UnicodeScalarView()
    number.append(contentsOf: scalars[last])
    return String(number)
  }

  private static func isTouched(_ text: [Unicode.Scalar], before start: Int) -> Bool {
    guard start > 0 else { return false }
    if isPunctuation(text[start - 1]) { return start > 1 && isDigit(text[start - 2]) }
    return isWord(text[start - 1])
  }

  private static func isTouched(_ text: [Unicode.Scalar], after end: Int) -> Bool {
    guard end < text.count else { return false }
    if isPunctuation(text[end]) { return end + 1 < text.count && isDigit(text[end + 1]) }
    return isWord(text[end])
  }

  /// The longest number that starts at `start`, and where it ends.
  private static func parse(
    _ text: [Unicode.Scalar], from start: Int
  ) -> (DecimalNumber, end: Int)? {
    var position = start
    func at(_ index: Int) -> Unicode.Scalar? { index < text.count ? text[index] : nil }
    func digits(from index: Int) -> ArraySlice<Unicode.Scalar> {
      text[min(index, text.count)...].prefix(maximumLength + 1).prefix(while: isDigit)
    }

    let sign = at(position)
    if sign == "+" || sign == "-" || sign == "\u{2212}" { position += 1 }

    var whole = Array(digits(from: position))
    position += whole.count
    if (1...3).contains(whole.count) {
      while at(position) == ",", digits(from: position + 1).count == 3 {
        whole += digits(from: position + 1)
        position += 4
      }
    }
    var fraction: [Unicode.Scalar] = []
    if at(position) == ".", !digits(from: position + 1).isEmpty {
      fraction = Array(digits(from: position + 1))
      position += 1 + fraction.count
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }

    var power = 0
    if let mark = at(position), mark == "e" || mark == "E" {
      let powerSign = at(position + 1)
      let powerStart = position + (powerSign == "+" || powerSign == "-" ? 2 : 1)
      let powerDigits = digits(from: powerStart)
      if (1...6).contains(powerDigits.count) {
        for digit in powerDigits { power = 10 * power + Int(digit.value - 48) }
        if powerSign == "-" { power.negate() }
        position = powerStart + powerDigits.count
      }
    }
    guard position - start <= maximumLength else { return nil }
    let number = DecimalNumber(
      isNegative: sign == "-" || sign == "\u{2212}", whole: whole, fraction: fraction,
      power: power)
    return (number, position)
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
    (48...57).contains(scalar.value)
  }

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "." || scalar == ","
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    isDigit(scalar) || scalar == "_" || scalar.properties.isAlphabetic
  }
}
