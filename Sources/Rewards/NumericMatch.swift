internal import Formats

/// 1 when the completion is the same number as the answer, else 0.
///
/// ``WrittenNumber`` says what a number is: 1,234 and $1234.00 and 1.234e3 are the same. With
/// `tolerance` t, |completion − answer| ≤ t, exactly and with t as the decimal that is written: 1.01 is
/// within 0.01 of 1. The default is 0: the values must be equal. Options: `tolerance`, and `extract`:
/// `whole` (the default) and `answer_tag` for the number that such a text says as a whole, as in 42
/// square meters, or `last_number`. A completion without a number scores 0; a row whose answer is
/// missing or no number is a failed score.
public struct NumericMatch: PerCompletionReward, AnswerComparing, BuiltIn {
  /// The name in recipes.
  public static let name = "numeric_match"
  static let summary = "1 when the completion is the same number as the answer, else 0"
  static let example: JSONObject = ["extract": "last_number", "tolerance": 0.01]

  /// The name in logs and messages.
  public let name: String
  /// True: every completion is compared with the answer.
  public var needsAnswer: Bool { true }
  private let extraction: Extraction
  private let tolerance: ExactNumber

  /// Creates the reward.
  ///
  /// `tolerance` counts as the shortest decimal that is read as the same `Double`.
  ///
  /// - Precondition: `tolerance` is finite and not negative.
  public init(
    label: String = Self.name, extraction: Extraction = .whole, tolerance: Double = 0
  ) {
    precondition(tolerance >= 0 && tolerance.isFinite)
    (name, self.extraction) = (label, extraction)
    self.tolerance = ExactNumber(shortestOf: tolerance)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    self.name = label
    self.extraction = try options.choice(
      "extract", "the part of the completion that is compared", default: .whole,
      of: Extraction.allCases)
    self.tolerance = try options.exactNumber(
      "tolerance", "how far the number may be from the answer", default: 0,
      in: 0...Double.greatestFiniteMagnitude)
  }

  /// 1 or 0.
  ///
  /// - Throws: `ScoreFailure` where the answer is missing or no number.
  public func score(_ completion: Completion) throws -> Double? {
    let text = try completion.trimmedAnswer()
    guard let answer = WrittenNumber(text) else {
      throw ScoreFailure("the answer \(text.quotedForMessage()) is not a number")
    }
    guard let number = extraction.number(in: completion.text) else { return 0 }
    return number.number.isWithin(tolerance, of: answer.number) ? 1 : 0
  }

  /// The answer's fault: it is missing, or no number.
  public func fault(in row: Completion) -> RowFault? { answerFault(in: row) }

  /// The number's exact value, whatever the tolerance: to be within it is no relation of equals.
  public func answer(of completion: Completion) -> ComparedAnswer? {
    extraction.number(in: completion.text).map(ComparedAnswer.init)
  }
}
