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

  /// The number that `text` as a whole says; nil when it says none, or more than one.
  ///
  /// It is what the text begins with, markup (`**29**`, `$29$`, `\boxed{29}`) aside; else what its
  /// last equation says (`x = 29`, `f(2) = 29`, `3 + 26 = 29`); else its only number (the answer is
  /// 29, Tom has 29). Words of any number may stand around it, as in 29 square meters. Other numbers
  /// may stand in brackets, left of the equals sign, right of it where the text begins with the
  /// number, or behind a word such as "because" or "out of"; else there is none, as in 5 or 6, and in
  /// x = 5, y = 6. Nor is there one where it is said not to be meant, or reckoned with: not 5, x > 5,
  /// at least 5, half of 5, x + 5.
  public init?(_ text: String) {
    guard let number = NumberStatement(text).onlyNumber else { return nil }
    self = number
  }

  init?(_ numeral: NumberScanner.Numeral, in scalars: [Unicode.Scalar]) {
    guard let number = numeral.number else { return nil }
    text = String(String.UnicodeScalarView(scalars[numeral.range]))
    self.number = number
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
}
