public import Formats

/// Why a completion ended.
public enum FinishReason: String, Sendable {
  /// At an end-of-sequence token or a stop string.
  case stop
  /// At the greatest length allowed.
  case length
}

/// One completion, with all that a reward may judge it by.
public struct Completion: Sendable {
  /// The text the policy was given, template applied.
  public var prompt: String
  /// What the policy wrote, as text; control tokens have none.
  public var text: String
  /// What the policy wrote, as it was sampled; an end-of-sequence token is part of it.
  public var tokenIDs: [Int]
  public var finishReason: FinishReason
  /// Where the text of each token ends in `text`, as an exclusive UTF-8 offset, ascending; nil where
  /// no reward reads it.
  ///
  /// Shape: as tokenIDs.
  public var tokenEnds: [Int]?
  /// The expected answer, where the dataset row has one.
  public var answer: String?
  /// Every column of the dataset row.
  public var columns: JSONObject

  public init(
    prompt: String, text: String, tokenIDs: [Int], finishReason: FinishReason,
    tokenEnds: [Int]? = nil, answer: String? = nil, columns: JSONObject = [:]
  ) {
    precondition(tokenEnds.map { $0.count == tokenIDs.count } ?? true)
    self.prompt = prompt
    self.text = text
    self.tokenIDs = tokenIDs
    self.finishReason = finishReason
    self.tokenEnds = tokenEnds
    self.answer = answer
    self.columns = columns
  }
}
