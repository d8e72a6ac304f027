/// A reward function that finds an answer in a completion and compares that alone.
///
/// Two completions with the same answer to one question get the same score, so answers can vote:
/// maj@k counts them, however different the workings around them are. Of a function that does not
/// conform, whole texts vote.
public protocol AnswerComparing: RewardFunction {
  /// What the completion answers; nil where it has no answer, which then has no vote.
  func answer(of completion: Completion) -> ComparedAnswer?
}

/// The answer that a reward function finds in a completion.
public struct ComparedAnswer: Sendable, Equatable {
  /// As it stands in the completion.
  public var text: String
  /// What all answers that are the same share, byte for byte.
  public var canonical: String

  public init(_ text: String, canonical: String) {
    (self.text, self.canonical) = (text, canonical)
  }

  init(_ number: WrittenNumber) { self.init(number.text, canonical: number.canonical) }
}
