internal import Formats

/// A number as people and policies write it, read from a text by one rule for all rewards.
///
///     number    = [sign] [currency] [sign] value [unit]
///     value     = decimal [power] | whole division whole | [whole] fraction | "10" exponent
///               | digits " " digits "/" digits
///     decimal   = whole ["." digits] | "." digits, then perhaps ("e" | "E") integer
///     fraction  = "\frac" two whole numbers, in braces or of one digit each | "½" and its kin
///     division  = "/" | "÷" | "\div", perhaps between spaces
///     power     = ("×" | "x" | "*" | "·" | "\times" | "\cdot") "10" exponent
///     exponent  = ("^" | "**") integer | "^{" integer "}" | superscripts
///
/// Digits are 0 to 9. Before groups of exactly three, behind one to three digits that do not begin
/// with 0, there may be thousands separators of one kind: a comma, a space of any width, an
/// apostrophe, `_`, LaTeX's `{,}` and `\,`. So 10 000 is one number, and so would be the last two of
/// 5 10 000; 1 2 3 are three. 12,34,567 is grouped as in India. Other commas separate numbers: the
/// last one in 1,2,3 is 3. Where a comma seems to be a decimal point (1.234,56, €5,50, 0,5), or a
/// group is not complete (1,000,00), there is no number.
///
/// The minus sign may be a hyphen or a dash. It belongs to the number unless a digit, a letter or a
/// closing bracket stands before it: the last number in 3-5 is 5, and in =-5 it is −5. A space may
/// stand between it and the number where a value is to come: behind `=`, `:`, an opening bracket,
/// or a word such as "is". A sign of currency, `%`, `^\circ`, and letters behind the number (8kg,
/// 42nd) are a unit, which is not compared: 50% is 50. So is the exponent of a length or a time, as a
/// plain digit too (24 m2, 9.8 m/s2).
///
/// Digits that belong to something else are no number: a name (v2.0), a time or ratio (12:30), a
/// date (1/2/2024, 2024-05-06), a version (1.2.3), a power (2^5), a root, a function or a command
/// and its argument (`sqrt(16)`, `\overline{3}`), a subscript, digits of other scripts, what has
/// more than 400 characters, and what is glued to such a thing or to another operator (2π, ±5,
/// `\pi/4`). Where such digits are the last ones of a text, it has no last number: an earlier one
/// is never the answer.
///
/// Values are compared exactly: 1,000 is 1e3, 0.75 is 3/4, and 9007199254740993 is not
/// 9007199254740992.
public struct WrittenNumber: Sendable {
  /// The number as it is written, without its unit.
  public let text: String
  let number: ExactNumber

  /// The number that `text` is as a whole; nil when it is none.
  ///
  /// Beside the number there may be white space, markup (`**29**`, `$29$`, `\boxed{29}`), a point
  /// that ends a sentence, a name and an equals sign before it (`x = 29`), words that say no more
  /// than that it follows (about 29, the answer is 29), and one word of a unit behind it.
  public init?(_ text: String) {
    let scalars = Array(text.unicodeScalars)
    let numerals = NumberScanner.numerals(in: text, isStatement: true)
    guard numerals.count == 1, let number = WrittenNumber(numerals[0], in: scalars),
      Markup.isAll(of: scalars[..<numerals[0].range.lowerBound]),
      Markup.isAll(of: scalars[numerals[0].range.upperBound...], behindNumber: true)
    else { return nil }
    self = number
  }

  private init?(_ numeral: NumberScanner.Numeral, in scalars: [Unicode.Scalar]) {
    guard let number = numeral.number else { return nil }
    (text, self.number) = (Self.string(scalars[numeral.range]), number)
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// The nearest `Double`, or one beside it for a fraction; infinite beyond its range.
  public var value: Double { number.value }

  /// Whether both have the same value, however they are written.
  public func equals(_ other: WrittenNumber) -> Bool { number == other.number }

  /// A text that two numbers share exactly when their values are equal.
  public var canonical: String { number.canonical }

  /// The last number within `text`; nil when the last digits are none.
  public static func last(in text: String) -> WrittenNumber? {
    NumberScanner.numerals(in: text).last.flatMap {
      WrittenNumber($0, in: Array(text.unicodeScalars))
    }
  }

  /// The number that `text` states: what it begins with, markup aside; else what its last equation
  /// says; else its only number.
  ///
  /// What it begins with counts unless more is reckoned with it: 7 in `7 = 3 + 4`, and in
  /// `3 + 4 = 7` and `1/2 of 14 = 7` as well. Where no equation says the value of `3 + 4`, it states
  /// none. What brackets say aside does not count: `7 (= 3 + 4)`.
  static func stated(in text: String) -> WrittenNumber? {
    let scanner = NumberScanner(text)
    let scalars = scanner.text
    let numerals = NumberScanner.numerals(in: text, isStatement: true)
    guard let first = numerals.first else { return nil }
    let before = scalars[..<first.range.lowerBound]
    let isFirst = Markup.isAll(of: before) && !before.contains(where: \.properties.isAlphabetic)
    let equals = lastEqualsSign(in: scalars)
    let isReckoned =
      isFirst
      && (scanner.isReckonedWith(from: first.range.upperBound)
        || equals.map { isReckonedInWords(scalars, numerals, before: $0) } == true)
    if isFirst && !isReckoned { return WrittenNumber(first, in: scalars) }
    if let equals,
      let result = NumberScanner.numerals(in: string(scalars[(equals + 1)...]), isStatement: true)
        .first
    {
      let rest = Array(scalars[(equals + 1)...])
      let isAlone = Markup.isAll(of: rest[..<result.range.lowerBound])
      return isAlone || numerals.count == 1 ? WrittenNumber(result, in: rest) : nil
    }
    return numerals.count == 1 && !isReckoned ? WrittenNumber(first, in: scalars) : nil
  }

  /// The last `=` outside brackets that is no part of `<=`, `>=` or `!=`.
  private static func lastEqualsSign(in scalars: [Unicode.Scalar]) -> Int? {
    var (depth, last) = (0, Int?.none)
    for (place, scalar) in scalars.enumerated() {
      if "([{".unicodeScalars.contains(scalar) { depth += 1 }
      if ")]}".unicodeScalars.contains(scalar) { depth = max(0, depth - 1) }
      if scalar == "=", depth == 0, place == 0 || !"<>!".unicodeScalars.contains(scalars[place - 1])
      {
        last = place
      }
    }
    return last
  }

  private static let operations: Set<String> = [
    "of", "times", "plus", "minus", "over", "dozen", "dozens", "divided", "multiplied", "pairs",
  ]

  /// Whether the first number is reckoned with up to the `=`: there is another one, or a word says so.
  private static func isReckonedInWords(
    _ scalars: [Unicode.Scalar], _ numerals: [NumberScanner.Numeral], before equals: Int
  ) -> Bool {
    let end = numerals[0].range.upperBound
    // The sign may as well stand before the number: `= 18`.
    guard end <= equals else { return false }
    if numerals.count > 1, numerals[1].range.lowerBound < equals { return true }
    return scalars[end..<equals].split { !$0.properties.isAlphabetic }
      .contains { operations.contains(string($0).lowercased()) }
  }
}

/// What may stand around a number without making it another thing.
private enum Markup {
  private static let commands = [
    "\\boxed", "\\fbox", "\\text", "\\textbf", "\\mathbf", "\\mathrm", "\\mathsf", "\\mathit",
  ]
  private static let around = Set("*_`\"'“”‘’«»()[]{}\\$=≈#~".unicodeScalars)
  private static let before = Set(":".unicodeScalars)
  private static let behind = Set(".,;:!?%‰°/^⁰¹²³⁴⁵⁶⁷⁸⁹⁻0123456789".unicodeScalars)
  /// Words right before a number that say no more than that it follows.
  private static let leadingWords: Set<String> = [
    "is", "equals", "about", "approximately", "approx", "around", "roughly", "nearly", "almost",
    "exactly", "usd", "eur", "gbp", "jpy", "cny", "rmb", "inr", "aud", "cad", "chf", "rs",
  ]
  /// Words that may stand before those, or before a colon.
  private static let subjects: Set<String> = [
    "the", "final", "answer", "result", "value", "so", "thus", "hence", "therefore", "it",
  ]

  /// - Parameter isBehind: Whether a unit of one word and the end of a sentence are allowed; else
  ///   words that lead to the number are.
  static func isAll(of part: ArraySlice<Unicode.Scalar>, behindNumber isBehind: Bool = false)
    -> Bool
  {
    var rest = String.UnicodeScalarView()
    rest.append(contentsOf: part)
    var text = String(rest)
    for command in commands { text = text.replacing(bytes: command + "{", with: "{") }
    let words = text.unicodeScalars.split { $0.properties.isWhitespace }
      .filter { $0.contains(where: \.properties.isAlphabetic) }
    return (isBehind ? words.count <= 1 : leads(text))
      && text.unicodeScalars.allSatisfy {
        $0.properties.isWhitespace || $0.properties.isAlphabetic || around.contains($0)
          || $0.properties.generalCategory == .currencySymbol
          || (isBehind ? behind : before).contains($0)
      }
  }

  /// Whether all words of `text` lead to a number: those of the list, and a name before `=`.
  private static func leads(_ text: String) -> Bool {
    var words = text.unicodeScalars.split { !$0.properties.isAlphabetic }
    if let sign = text.unicodeScalars.lastIndex(where: { $0 == "=" || $0 == "≈" }),
      let word = words.last, word.endIndex <= sign
    {
      words.removeLast()
    }
    let names = words.map { String($0).lowercased() }
    let isClosed = text.unicodeScalars.contains { "=≈:".unicodeScalars.contains($0) }
    return names.allSatisfy { leadingWords.contains($0) || subjects.contains($0) }
      && (isClosed || names.last.map(leadingWords.contains) ?? true)
  }
}
