/// A prompt that cannot be completed.
public struct PromptError: Error, CustomStringConvertible, Sendable {
  /// What is wrong with a prompt.
  public enum Problem: Sendable, Equatable {
    /// There is nothing to complete: no text, and no beginning of sequence before it.
    case empty
    /// The prompt's tokens leave no room for a completion in the model's context.
    case tooLong(tokens: Int, context: Int)
  }

  /// What is wrong.
  public let problem: Problem
  /// The file and line, counted from 1, of the prompt; nil where it is in no file.
  public var place: (file: String, line: Int)?

  /// What is wrong, in one line, after the place where there is one.
  public var description: String {
    let start = place.map { "\($0.file):\($0.line): prompt" } ?? "prompt"
    return switch problem {
    case .empty: "\(start): is empty (need text, as no beginning of sequence precedes it)"
    case .tooLong(let tokens, let context):
      "\(start): is too long (got \(tokens) tokens; need at most \(context - 1), "
        + "with a context of \(context))"
    }
  }

  /// Checks the ids of a prompt.
  static func check(_ ids: [Int], context: Int) throws(PromptError) {
    if ids.isEmpty { throw PromptError(problem: .empty) }
    if ids.count >= context {
      throw PromptError(problem: .tooLong(tokens: ids.count, context: context))
    }
  }
}
