internal import Formats

/// 1 when the completion reaches the target with an arithmetic expression over the row's numbers.
///
/// The expression (``ArithmeticExpression``) must use every number of the row exactly as often as
/// the row has it, and its exact value must be the target. One that uses the numbers but misses
/// the target, or has no value, gets `format_score`; anything else 0. Options: `numbers` and
/// `target` (the columns, by default of these names), `extract` (`whole` or `answer_tag`) and
/// `format_score` (default 0). A row without them is a failed score; the cells of a table hold them
/// as JSON, `"[2, 3]"` and `5`. Needs no answer.
///
/// The countdown task of TinyZero (<https://github.com/Jiayi-Pan/TinyZero>).
public struct Countdown: PerCompletionReward {
  public static let name = "countdown"

  public let name: String
  private let numbersColumn: String
  private let targetColumn: String
  private let extraction: Extraction
  private let formatScore: Double

  /// `formatScore` must be finite.
  public init(
    label: String = Self.name, numbersColumn: String = "numbers", targetColumn: String = "target",
    extraction: Extraction = .whole, formatScore: Double = 0
  ) {
    precondition(formatScore.isFinite)
    (name, self.numbersColumn, self.targetColumn) = (label, numbersColumn, targetColumn)
    (self.extraction, self.formatScore) = (extraction, formatScore)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    self.init(
      label: label, numbersColumn: try options.string("numbers") ?? "numbers",
      targetColumn: try options.string("target") ?? "target",
      extraction: try options.choice("extract", default: .whole, of: [.whole, .answerTag]),
      formatScore: try options.number("format_score", default: 0, in: -1e9...1e9))
  }

  public func score(_ completion: Completion) throws -> Double? {
    guard let numbers = completion.columns[numbersColumn]?.unquoted.array?.map(\.int),
      case let given = numbers.compactMap(\.self), given.count == numbers.count
    else {
      throw ScoreFailure(
        "the column \(numbersColumn.quotedForMessage()) is no list of whole numbers")
    }
    guard let target = completion.columns[targetColumn]?.unquoted.int else {
      throw ScoreFailure("the column \(targetColumn.quotedForMessage()) is no whole number")
    }
    guard let part = extraction.part(of: completion.text),
      let expression = ArithmeticExpression(part), expression.numbers.sorted() == given.sorted()
    else { return 0 }
    return expression.value == Fraction(target) ? 1 : formatScore
  }
}
