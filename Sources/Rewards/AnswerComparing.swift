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
  /// The answer as it stands in the completion.
  public var text: String
  /// The form that all answers of one meaning share, byte for byte; votes are counted by it.
  public var canonical: String

  /// Pairs an answer with its canonical form.
  public init(_ text: String, canonical: String) {
    (self.text, self.canonical) = (text, canonical)
  }

  init(_ number: WrittenNumber) { self.init(number.text, canonical: number.canonical) }
}
