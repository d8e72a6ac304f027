internal import Formats

/// A number as people and policies write it, read from a text by one rule for all rewards.
///
///     number    = [sign] [currency] [sign] value [unit]
///     value     = decimal [power] | digits "/" digits | digits " " digits "/" digits
///               | [digits] "\frac{" digits "}{" digits "}" | "10" exponent
///     decimal   = digits ["." digits] | "." digits, then perhaps ("e" | "E") integer
///     power     = ("×" | "x" | "*" | "·" | "\times" | "\cdot") "10" exponent
///     exponent  = "^" integer | "^{" integer "}" | superscripts
///
/// Digits are 0 to 9. Before groups of exactly three they may have thousands separators of one
/// kind: a comma, an apostrophe, `_`, a narrow or no-break space, LaTeX's `{,}` and `\,`. Other
/// commas separate numbers: the last one in 1,2,3 is 3. The minus sign may be a hyphen or a dash.
/// It belongs to the number unless a digit, a letter or a closing bracket stands before it: the
/// last number in 3-5 is 5, and in =-5 it is −5. A sign of currency, `%`, and letters behind the
/// number (8kg, 42nd) are a unit, which is not compared: 50% is 50.
///
/// Digits that belong to something else are no number: a name (v2.0), a time or ratio (12:30), a
/// date (1/2/2024), a version (1.2.3), a power (2^5) or root, digits of other scripts, and what has
/// more than 400 characters. Where such digits are the last ones of a text, it has no last number:
/// an earlier one is never the answer.
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
  /// that ends a sentence, an equals sign before it and one word of a unit behind it.
  public init?(_ text: String) {
    let scalars = Array(text.unicodeScalars)
    let numerals = NumberScanner.numerals(in: text)
    guard numerals.count == 1, let number = WrittenNumber(numerals[0], in: scalars),
      Markup.isAll(of: scalars[..<numerals[0].range.lowerBound]),
      Markup.isAll(of: scalars[numerals[0].range.upperBound...], behindNumber: true)
    else { return nil }
    self = number
  }

  private init?(_ numeral: NumberScanner.Numeral, in scalars: [Unicode.Scalar]) {
    guard let number = numeral.number else { return nil }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[numeral.range])
    (self.text, self.number) = (String(text), number)
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

  /// The number that `text` states: what it begins with, markup aside, or else its only number.
  static func stated(in text: String) -> WrittenNumber? {
    let scalars = Array(text.unicodeScalars)
    let numerals = NumberScanner.numerals(in: text)
    guard let first = numerals.first,
      numerals.count == 1 || Markup.isAll(of: scalars[..<first.range.lowerBound])
    else { return nil }
    return WrittenNumber(first, in: scalars)
  }
}

/// What may stand around a number without making it another thing.
private enum Markup {
  private static let commands = ["\\boxed", "\\fbox", "\\text", "\\textbf", "\\mathbf", "\\mathrm"]
  private static let around = Set("*_`\"'“”‘’«»()[]{}\\$=≈#~".unicodeScalars)
  private static let behind = Set(".,;:!?%‰°/^⁰¹²³⁴⁵⁶⁷⁸⁹⁻0123456789".unicodeScalars)

  /// - Parameter isBehind: Whether a unit of one word and the end of a sentence are allowed.
  static func isAll(of part: ArraySlice<Unicode.Scalar>, behindNumber isBehind: Bool = false)
    -> Bool
  {
    var rest = String.UnicodeScalarView()
    rest.append(contentsOf: part)
    var text = String(rest)
    for command in commands { text = text.replacing(bytes: command + "{", with: "{") }
    let words = text.unicodeScalars.split { $0.properties.isWhitespace }
      .filter { $0.contains(where: \.properties.isAlphabetic) }
    return words.count <= (isBehind ? 1 : 0)
      && text.unicodeScalars.allSatisfy {
        $0.properties.isWhitespace || $0.properties.isAlphabetic || around.contains($0)
          || $0.properties.generalCategory == .currencySymbol
          || (isBehind && behind.contains($0))
      }
  }
}
