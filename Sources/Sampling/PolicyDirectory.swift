package import LanguageModel
package import Tokenization

// A policy as a Hugging Face directory, read and written.

extension Policy {
  /// Reads a directory: `config.json`, `generation_config.json`, the weights, `tokenizer.model`,
  /// and the tokenizer's settings.
  ///
  /// - Throws: `FormatError`, which names the file, or `PolicyError`.
  public init(directory: String) throws {
    try self.init(
      ModelDirectory.load(directory), SentencePieceTokenizer(path: directory + "/tokenizer.model"))
  }

  /// The files of the policy's directory, by name; write them to save the policy.
  ///
  ///     for file in try policy.files() {
  ///       try Data(file.bytes).write(to: directory.appending(path: file.name))
  ///     }
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
