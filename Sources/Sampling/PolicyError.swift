internal import Formats
package import LanguageModel
package import Tokenization

/// A tokenizer that does not belong to a model.
public enum PolicyError: Error, CustomStringConvertible, Sendable {
  /// The tokenizer has more pieces than the model has ids.
  case vocabulary(tokenizer: Int, model: Int)
  /// An added token whose id is neither a piece nor an id of the model.
  case addedToken(String, id: Int, model: Int)
  /// The tokenizer's settings put an end of sequence after every prompt.
  case endsPrompts

  /// What does not fit, in one line.
  public var description: String {
    switch self {
    case .vocabulary(let tokenizer, let model):
      "the tokenizer does not fit the model (got \(tokenizer) pieces; need at most \(model))"
    case .addedToken(let text, let id, let model):
      "the tokenizer does not fit the model (added token \(text.quotedForMessage()) has the id "
        + "\(id); need 0...\(model - 1))"
    case .endsPrompts:
      "tokenizer_config.json: add_eos_token: would end every prompt (got true; need false)"
    }
  }

  /// Checks that every id of a tokenizer is one of the model's.
  package static func check(
    _ tokenizer: SentencePieceTokenizer, fits configuration: ModelConfiguration
  ) throws(PolicyError) {
    let (pieces, ids) = (tokenizer.vocabularySize, configuration.vocabularySize)
    if let token = tokenizer.addedToken(beyond: ids) {
      throw .addedToken(token.text, id: token.id, model: ids)
    }
    if pieces > ids { throw .vocabulary(tokenizer: pieces, model: ids) }
  }
}
