public import Formats

/// Why a completion ended.
public enum FinishReason: String, Sendable {
  /// The policy ended it, with an end-of-sequence token or a stop text.
  case stop
  /// It reached the length limit.
  case length
}

/// One completion, with all that a reward may judge it by.
public struct Completion: Sendable {
  /// The text that the policy was given, with the template filled in.
  public var prompt: String
  /// The text that the policy wrote; control tokens have none.
  public var text: String
  /// The ids that were drawn, an end-of-sequence id included.
  public var tokenIDs: [Int]
  /// Why the completion ended.
  public var finishReason: FinishReason
  /// Computes where the text of each token ends in `text`: exclusive UTF-8 offsets, ascending, one
  /// for each of `tokenIDs`; nil where that is unknown.
  ///
  /// - Complexity: a decoding for each token; ask only where steps are to be rewarded.
  public var tokenEnds: (@Sendable () throws -> [Int])?
  /// The expected answer: a text, null where the dataset row has none, or any other value as it
  /// stands in the row, such as a list.
  public var label: JSON
  /// Every column of the dataset row.
  public var columns: JSONObject

  /// Creates a completion of a row whose expected answer is a text, or is missing.
  public init(
    prompt: String, text: String, tokenIDs: [Int], finishReason: FinishReason,
    tokenEnds: (@Sendable () throws -> [Int])? = nil, answer: String? = nil,
    columns: JSONObject = [:]
  ) {
    (self.prompt, self.text, self.tokenIDs) = (prompt, text, tokenIDs)
    (self.finishReason, self.tokenEnds, self.columns) = (finishReason, tokenEnds, columns)
    label = answer.map(JSON.string) ?? .null
  }

  /// The expected answer, where the dataset row has one that is a text.
  public var answer: String? {
    get { label.string }
    set { label = newValue.map(JSON.string) ?? .null }
  }

  /// The score that rewards steps where they end: each at the token that holds its last byte.
  ///
  /// Where token ends are not known, the sum of the rewards.
  ///
  /// - Parameter steps: `end` is exclusive, a UTF-8 offset in `text`, and at least 1.
  package func score(of steps: [(end: Int, reward: Double)]) throws -> Score {
    guard let tokenEnds else { return .value(steps.reduce(0) { $0 + $1.reward }) }
    if steps.isEmpty { return .stream([]) }
    let ends = try tokenEnds()
    return .stream(
      steps.compactMap { step in
        ends.firstIndex { $0 >= step.end }.map { TokenReward(index: $0, reward: step.reward) }
      })
  }
}
