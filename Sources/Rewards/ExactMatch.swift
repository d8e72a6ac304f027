internal import Formats

/// 1 when the completion is the answer, else 0.
///
/// White space at the ends of both is ignored; `TextComparison` says when texts are equal.
/// Options: `extract` (`whole`, or `answer_tag` for what stands in the last `<answer>`; a
/// completion without one scores 0), `ignore_case`. A row without an answer is a failed score.
public struct ExactMatch: PerCompletionReward, AnswerComparing, BuiltIn {
  /// The name in recipes.
  public static let name = "exact_match"
  static let summary = "1 when the completion is the answer, else 0"
  static let example: JSONObject = ["ignore_case": true]

  /// The name in logs and messages.
  public let name: String
  /// True: every completion is compared with the answer.
  public var needsAnswer: Bool { true }
  private let extraction: Extraction
  private let ignoresCase: Bool

  /// Creates the reward; by default the whole completion is compared, upper and lower case told
  /// apart.
  public init(
    label: String = Self.name, extraction: Extraction = .whole, ignoringCase: Bool = false
  ) {
    (name, self.extraction, ignoresCase) = (label, extraction, ignoringCase)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    self.init(
      label: label,
      extraction: try options.choice(
        "extract", "the part of the completion that is compared", default: .whole,
        of: [.whole, .answerTag]),
      ignoringCase: try options.bool(
        "ignore_case", "compares by Unicode's case folding", default: false))
  }

  /// 1 or 0.
  ///
  /// - Throws: `ScoreFailure` for a row without an answer.
  public func score(_ completion: Completion) throws -> Double? {
    let answer = try completion.trimmedAnswer()
    guard let text = extraction.part(of: completion.text) else { return 0 }
    return TextComparison.equal(text, answer, ignoringCase: ignoresCase) ? 1 : 0
  }

  /// The part of the completion that is compared; nil where it is not there.
  public func answer(of completion: Completion) -> ComparedAnswer? {
    extraction.part(of: completion.text).map {
      ComparedAnswer($0, canonical: TextComparison.canonical($0, ignoringCase: ignoresCase))
    }
  }
}
