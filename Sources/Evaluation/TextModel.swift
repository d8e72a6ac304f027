internal import Formats
public import LanguageModel
public import Tokenization

/// A language model and its tokenizer: what a Hugging Face directory holds, read and written.
///
/// The ids that end a completion are those that any of its files names: `config.json`,
/// `generation_config.json`, `tokenizer_config.json` and the tokenizer
/// (``ModelConfiguration/addEndIDs(_:)``). The first of them is written behind a completion.
///
/// A model may have more ids than its tokenizer has pieces, as matrices are often padded to a round
/// number. They stay in the distribution, as in transformers, and decode to nothing
/// (``PaddedTokenizer``). Pieces without an id are an error.
public struct TextModel: Sendable {
  public let model: Model
  public let tokenizer: SentencePieceTokenizer

  /// - Throws: `TextSamplerError` for a tokenizer that does not belong to the model.
  public init(
    _ model: Model, _ tokenizer: SentencePieceTokenizer
  ) throws(TextSamplerError) {
    try Self.check(tokenizer, fits: model.configuration)
    if tokenizer.settings.addsEnd { throw .endsPrompts }
    let configuration = model.configuration.ending(as: tokenizer)
    self.model = Model(configuration: configuration, parameters: model.parameters)
    self.tokenizer = tokenizer
  }

  /// Reads a model directory: `config.json`, `generation_config.json`, the weights and
  /// `tokenizer.model`.
  ///
  /// - Throws: `FormatError` or `TextSamplerError`.
  public init(directory: String) throws {
    try self.init(
      ModelDirectory.load(directory), SentencePieceTokenizer(path: directory + "/tokenizer.model"))
  }

  /// Checks that every id of a tokenizer is one of the model's.
  package static func check(
    _ tokenizer: any Tokenizer, fits configuration: ModelConfiguration
  ) throws(TextSamplerError) {
    let (pieces, ids) = (tokenizer.vocabularySize, configuration.vocabularySize)
    if let token = (tokenizer as? SentencePieceTokenizer)?.addedToken(beyond: ids) {
      throw .addedToken(token.text, id: token.id, model: ids)
    }
    if pieces > ids { throw .vocabulary(tokenizer: pieces, model: ids) }
  }

  /// The files of its directory.
  ///
  /// - Throws: `FormatError`, or `TokenizerError.notExportable`.
  public func files() throws -> [(name: String, bytes: [UInt8])] {
    try descriptions() + [("model.safetensors", model.encodedWeights())]
  }

  /// Every file of its directory but the weights: what there can be in the way of an export shows
  /// before anything is computed.
  ///
  /// - Throws: as ``files()``.
  package func descriptions() throws -> [(name: String, bytes: [UInt8])] {
    var configuration = model.configuration
    configuration.padTokenID = tokenizer.padding(of: configuration)
    return try ModelDirectory.descriptions(of: configuration)
      + tokenizer.huggingFaceFiles(for: configuration)
  }
}

extension ModelConfiguration {
  /// The configuration with the ids, too, that a tokenizer of the model says end a completion.
  package func ending(as tokenizer: SentencePieceTokenizer) -> ModelConfiguration {
    var configuration = self
    configuration.addEndIDs(tokenizer.endIDs.filter { $0 < vocabularySize })
    return configuration
  }
}

extension SentencePieceTokenizer {
  /// The id that fills up the shorter texts of a batch: the model's, if it is a token.
  package func padding(of configuration: ModelConfiguration) -> Int {
    guard let own = configuration.padTokenID, text(of: own) != nil else {
      return paddingOrUnknownID
    }
    return own
  }

  /// The tokenizer's part of a model's directory.
  package func huggingFaceFiles(
    for configuration: ModelConfiguration
  ) throws(TokenizerError) -> [(name: String, bytes: [UInt8])] {
    try huggingFaceFiles(
      maximumLength: configuration.maximumPositions, padding: padding(of: configuration),
      end: configuration.ending(as: self).eosTokenIDs.first { text(of: $0) != nil })
  }
}
