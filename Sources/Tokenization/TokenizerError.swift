/// Why a tokenizer could not be used or trained.
///
/// An invalid model file is a `FormatError`, as is every other invalid file.
public enum TokenizerError: Error, Equatable, Sendable {
  /// An id that the vocabulary does not have.
  case idOutOfRange(id: Int, position: Int, vocabularySize: Int)
  /// A training option with an invalid value.
  case option(name: String, problem: String)
  /// Training text that cannot be used.
  case corpus(String)
  /// A model that works, but cannot be written in another format.
  case notExportable(String)
  /// What the SentencePiece library reported.
  case library(String)
}

extension TokenizerError: CustomStringConvertible {
  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .idOutOfRange(let id, let position, let vocabularySize):
      "token_ids[\(position)]: no such token (got \(id); need 0 to \(vocabularySize - 1))"
    case .option(let name, let problem): "tokenizer: \(name): \(problem)"
    case .corpus(let problem): "tokenizer: text: \(problem)"
    case .notExportable(let problem): "tokenizer.json: \(problem)"
    case .library(let message): "tokenizer: SentencePiece: \(message)"
    }
  }
}
