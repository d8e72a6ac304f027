internal import Formats

/// 1 when the completion reaches the target with an arithmetic expression over the row's numbers.
///
/// The expression (`ArithmeticExpression`) must use every number of the row exactly as often as
/// the row has it, and its exact value must be the target. One that uses the numbers but misses
/// the target, or has no value, gets `format_score`; anything else 0. Options: `numbers` and
/// `target` (the columns, by default of these names), `extract` (`whole` or `answer_tag`) and
/// `format_score` (default 0). A row without them is a failed score; the cells of a table hold them
/// as JSON, `"[2, 3]"` and `5`; 5.0 is 5. Needs no answer.
///
/// The countdown task of TinyZero (<https://github.com/Jiayi-Pan/TinyZero>).
public struct Countdown: PerCompletionReward, AnswerComparing, BuiltIn {
  /// The name in recipes.
  public static let name = "countdown"
  static let summary = "1 when an expression over the row's numbers reaches the target, else 0"
  static let example: JSONObject = ["extract": "answer_tag"]

  /// The name in logs and messages.
  public let name: String
  private let numbersColumn: String
  private let targetColumn: String
  private let extraction: Extraction
  private let formatScore: Double

  /// Creates the reward.
  ///
  /// - Precondition: `formatScore` is finite.
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
      label: label,
      numbersColumn: try options.string(
        "numbers", "the column with the numbers", default: "numbers"),
      targetColumn: try options.string("target", "the column with the target", default: "target"),
      extraction: try options.choice(
        "extract", "the part of the completion that is evaluated", default: .whole,
        of: [.whole, .answerTag]),
      formatScore: try options.number(
        "format_score", "the score of an expression that misses the target", default: 0,
        in: -1e9...1e9))
  }

  /// 1, `format_score` or 0.
  ///
  /// - Throws: `ScoreFailure` where the row lacks whole numbers or a target.
  public func score(_ completion: Completion) throws -> Double? {
    let given = try numbers(of: completion)
    let target = try target(of: completion)
    guard let found = expression(of: completion, over: given) else { return 0 }
    guard let value = found.expression.value else { return formatScore }
    return value == Fraction(target, over: 1) ? 1 : formatScore
  }

  /// The fault of a row without whole numbers or a target.
  public func fault(in row: Completion) -> RowFault? {
    func fault(_ column: String, _ option: String, _ read: (Completion) throws -> Void) -> RowFault?
    {
      do {
        try read(row)
        return nil
      } catch {
        let isThere = row.columns[column] != nil
        return RowFault(
          column: column, option: option, isThere ? String(describing: error) : "no such column")
      }
    }
    return fault(numbersColumn, "numbers") { _ = try numbers(of: $0) }
      ?? fault(targetColumn, "target") { _ = try target(of: $0) }
  }

  /// The expression's value, so that different ways to one value vote together; none where it does
  /// not use the row's numbers, or has no value.
  public func answer(of completion: Completion) -> ComparedAnswer? {
    guard let given = try? numbers(of: completion),
      let found = expression(of: completion, over: given), let value = found.expression.value
    else { return nil }
    return ComparedAnswer(found.text, canonical: ExactNumber(value).canonical)
  }

  private func numbers(of completion: Completion) throws(ScoreFailure) -> [Int] {
    guard let numbers = completion.columns[numbersColumn]?.unquoted.array?.map(\.wholeNumber),
      case let given = numbers.compactMap(\.self), given.count == numbers.count
    else {
      throw ScoreFailure(
        "the column \(numbersColumn.quotedForMessage()) is not a list of whole numbers")
    }
    return given
  }

  private func target(of completion: Completion) throws(ScoreFailure) -> Int {
    guard let target = completion.columns[targetColumn]?.unquoted.wholeNumber else {
      throw ScoreFailure("the column \(targetColumn.quotedForMessage()) is not a whole number")
    }
    return target
  }

  /// The completion's expression, if it uses exactly the given numbers.
  private func expression(
    of completion: Completion, over given: [Int]
  ) -> (text: String, expression: ArithmeticExpression)? {
    guard let part = extraction.part(of: completion.text),
      let expression = ArithmeticExpression(part), expression.numbers.sorted() == given.sorted()
    else { return nil }
    return (part, expression)
  }
}

extension JSON {
  /// The whole number that this is, however it is written: 5, or 5.0 as tables have it.
  fileprivate var wholeNumber: Int? {
    guard string == nil, let text else { return nil }
    return WrittenNumber(text)?.number.wholeNumber
  }
}
