internal import Formats

/// 1 when the answer occurs anywhere in the completion, else 0.
///
/// White space at the answer's ends is ignored; `TextComparison` says when texts are equal. It
/// need not occur as a word of its own: "art" is in "start". Options: `text` (look for this, as it
/// is, instead of the answer), `ignore_case`. A row whose answer is missing or empty is a failed
/// score: an empty text is in every other.
public struct ContainsText: PerCompletionReward, BuiltIn {
  /// The name in recipes.
  public static let name = "contains"
  static let summary = "1 when the answer occurs anywhere in the completion, else 0"
  static let example: JSONObject = ["text": "because"]

  /// The name in logs and messages.
  public let name: String
  /// True unless a text is given to look for.
  public var needsAnswer: Bool { text == nil }
  private let text: String?
  private let ignoresCase: Bool

  /// Creates the reward; by default it looks for the answer, upper and lower case told apart.
  public init(label: String = Self.name, text: String? = nil, ignoringCase: Bool = false) {
    (name, self.text, ignoresCase) = (label, text, ignoringCase)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    let text = try options.string("text", "the text to look for, instead of the answer")
    if let text, text.isEmpty { throw options.bad("text", problem: "empty (need a text)") }
    self.init(
      label: label, text: text,
      ignoringCase: try options.bool(
        "ignore_case", "compares by Unicode's case folding", default: false))
  }

  /// The answer's fault: it is missing or empty.
  public func fault(in row: Completion) -> RowFault? { answerFault(in: row) }

  /// 1 or 0.
  ///
  /// - Throws: `ScoreFailure` where the text to look for is missing or empty.
  public func score(_ completion: Completion) throws -> Double? {
    let part = if let text { text } else { try completion.trimmedAnswer() }
    guard !part.isEmpty else { throw ScoreFailure("the text is empty") }
    return TextComparison.contains(completion.text, part, ignoringCase: ignoresCase) ? 1 : 0
  }
}
