public import LanguageModel
public import Tokenization

/// A language model and its tokenizer: what completes texts.
///
/// The ids that end a completion are those that the model or the tokenizer names
/// (`ModelConfiguration.addEndIDs(_:)`). The first of them is written behind a completion.
///
/// A model may have more ids than its tokenizer has pieces, as matrices are often padded to a round
/// number. They stay in the distribution, as in transformers, and decode to nothing
/// (`PaddedTokenizer`). Pieces without an id are an error.
public struct Policy: Sendable {
  /// The language model; its `eosTokenIDs` include those that the tokenizer names.
  public private(set) var model: Model
  /// The tokenizer, which may have fewer ids than the model.
  public let tokenizer: SentencePieceTokenizer

  /// Pairs a model with its tokenizer.
  ///
  /// - Throws: `PolicyError` for a tokenizer that does not belong to the model.
  public init(
    _ model: Model, _ tokenizer: SentencePieceTokenizer
  ) throws(PolicyError) {
    try PolicyError.check(tokenizer, fits: model.configuration)
    if tokenizer.settings.addsEnd { throw .endsPrompts }
    let configuration = model.configuration.ending(as: tokenizer)
    self.model = Model(configuration: configuration, parameters: model.parameters)
    self.tokenizer = tokenizer
  }

  /// The most tokens of a prompt and its completion together.
  public var context: Int { model.configuration.maximumPositions }

  /// The ids that end a completion.
  public var eosIDs: [Int] { model.configuration.eosTokenIDs }

  /// Settings of the model's files that are ignored, one line each.
  public var warnings: [String] { model.configuration.warnings }

  package var parameters: Parameters { model.parameters }

  /// The same policy with other weights of the same layout.
  package func with(_ parameters: Parameters) -> Policy {
    var other = self
    other.model = Model(configuration: model.configuration, parameters: parameters)
    return other
  }

  func engine(threads: Int) -> Engine { Engine(model.configuration, threads: threads) }
}
