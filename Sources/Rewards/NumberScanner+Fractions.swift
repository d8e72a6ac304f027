// Fractions and exponents in their spellings.

extension NumberScanner {
  private static let fractionCommands = ["frac", "dfrac", "tfrac", "cfrac"]
  private static let divisionSigns = ["/", "\u{2044}", "\u{2215}", "÷", "\\div"]
    .map { Array($0.unicodeScalars) }
  private static let superscripts = Array("⁰¹²³⁴⁵⁶⁷⁸⁹".unicodeScalars)
  private static let vulgarFractions: [Unicode.Scalar: (above: Int, below: Int)] = [
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8),
    "⅝": (5, 8), "⅞": (7, 8), "⅑": (1, 9), "⅒": (1, 10),
  ]

  /// The fraction of which `whole` is the numerator (3/4, 3 / 4) or the whole part (1 3/4).
  func fraction(of whole: [Unicode.Scalar], behind end: Int) -> (Fraction?, end: Int)? {
    guard let first = smallInteger(whole) else { return nil }
    if let slash = divisionSign(at: end), case let below = wholeNumber(at: slash),
      let second = smallInteger(below.digits)
    {
      return (Fraction(first, over: second), below.end)
    }
    let start = behindSpace(end)
    var part = latexFraction(at: start)
    if part == nil, let fraction = vulgarFraction(at: start) { part = (fraction, start + 1) }
    if part == nil, start > end, let above = smallInteger(digits(from: start)),
      case let slash = start + digits(from: start).count,
      at(slash) == "/" || at(slash) == "\u{2044}",
      let below = smallInteger(digits(from: slash + 1))
    {
      part = (Fraction(above, over: below), slash + 1 + digits(from: slash + 1).count)
    }
    guard let part, let proper = part.0, proper.numerator >= 0,
      proper.numerator < proper.denominator
    else { return nil }
    return (Fraction(first, over: 1).flatMap { $0 + proper }, part.end)
  }

  /// Where the denominator begins behind a sign of division at `position`, spaces aside.
  func divisionSign(at position: Int) -> Int? {
    let start = behindSpace(position)
    guard let sign = Self.divisionSigns.first(where: { matches($0, at: start) }) else {
      return nil
    }
    return behindSpace(start + sign.count)
  }

  func vulgarFraction(at position: Int) -> Fraction? {
    at(position).flatMap { Self.vulgarFractions[$0] }.flatMap { Fraction($0.above, over: $0.below) }
  }

  /// `\frac{3}{4}` and its kin, `\frac34` among them; without a value where a part is no whole number.
  func latexFraction(at position: Int) -> (Fraction?, end: Int)? {
    guard at(position) == "\\",
      let name = Self.fractionCommands.first(where: {
        matches(Array($0.unicodeScalars), at: position + 1)
      })
    else { return nil }
    var (parts, index) = ([Int?](), position + 1 + name.unicodeScalars.count)
    if isLetter(at: index) { return nil }
    while parts.count < 2 {
      while at(index) == " " { index += 1 }
      if at(index) == "{", let end = group(at: index) {
        parts.append(signedInteger(in: index + 1..<end - 1))
        index = end
      } else if isDigit(at: index) {
        parts.append(smallInteger(text[index...index]))
        index += 1
      } else {
        return nil
      }
    }
    guard let above = parts[0], let below = parts[1] else { return (nil, index) }
    return (Fraction(above, over: below), index)
  }

  /// The whole number that stands alone in `range`, spaces, sign and thousands separators aside.
  private func signedInteger(in range: Range<Int>) -> Int? {
    var part = text[range]
    while part.first == " " { part.removeFirst() }
    while part.last == " " { part.removeLast() }
    guard let sign = part.first else { return nil }
    if isMinus(sign) || sign == "+" { part.removeFirst() }
    let (digits, end) = wholeNumber(at: part.startIndex)
    guard !part.isEmpty, end == part.endIndex else { return nil }
    return smallInteger(digits).map { isMinus(sign) ? -$0 : $0 }
  }

  private func wholeNumber(at start: Int) -> (digits: [Unicode.Scalar], end: Int) {
    guard isDigit(at: start) else { return ([], start) }
    let whole = wholeDigits(from: start)
    return whole.isBroken ? ([], start) : (whole.digits, whole.end)
  }

  /// `^6`, `^{-6}`, `**6` or `⁻⁶`, spaces before and behind the sign aside.
  func exponent(at position: Int) -> (value: Int, end: Int)? {
    if let start = powerSign(at: position) {
      guard at(start) == "{" else { return integer(at: start) }
      guard let (power, end) = integer(at: start + 1), at(end) == "}" else { return nil }
      return (power, end + 1)
    }
    let signs = at(position) == "\u{207B}" ? 1 : 0
    let digits = text[min(position + signs, text.count)...].prefix(7)
      .prefix(while: Self.superscripts.contains)
    guard (1...6).contains(digits.count) else { return nil }
    let power = digits.reduce(0) { 10 * $0 + (Self.superscripts.firstIndex(of: $1) ?? 0) }
    return (signs == 1 ? -power : power, digits.endIndex)
  }

  func isPowerSign(at position: Int) -> Bool {
    at(position) == "^" || (at(position) == "*" && powerSign(at: position) != nil)
  }

  /// Where the exponent begins behind `^` or `**` at `position`.
  ///
  /// Asterisks are a sign between things that they touch, or with a space on both sides; else they
  /// are marks of bold text: `is **5**`, `5** or`.
  private func powerSign(at position: Int) -> Int? {
    let isSpaced = at(position) == " "
    let start = isSpaced ? position + 1 : position
    let isBehindSpace = isSpaced || at(start - 1) == " "
    if at(start) == "^" { return behindSpace(start + 1) }
    guard matches(["*", "*"], at: start), at(start + 2) != "*", at(start - 1) != "*",
      (at(start + 2) == " ") == isBehindSpace
    else { return nil }
    if !isBehindSpace {
      guard isLetter(at: start - 1) || isValue(endingAt: start - 1) else { return nil }
      return start + 2
    }
    return isValue(endingAt: start - 2) ? start + 3 : nil
  }
}
