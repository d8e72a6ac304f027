import Formats

extension SentencePieceTokenizer.TrainingOptions {
  /// Two sizes at which the llama.cpp converter takes any model for one of its special cases.
  private static let misreadSizes = [32016, 49152]
  private static let largestVocabulary = SentencePieceModel.maximumPieces
  private static let reserved = ["<unk>", "<s>", "</s>"]

  /// How many pieces there are before the first one that is learnt.
  private var fixedPieces: Int {
    Self.reserved.count + controlSymbols.count + (byteFallback ? 256 : 0)
  }

  /// The flags of `spm_train`, in this order.
  var arguments: [(key: String, value: String)] {
    var arguments = [
      ("model_type", "bpe"),
      ("vocab_size", String(vocabularySize)),
      ("hard_vocab_limit", "false"),
      ("byte_fallback", String(byteFallback)),
      ("split_digits", String(splitDigits)),
      ("normalization_rule_name", normalization.rawValue),
      ("remove_extra_whitespaces", "false"),
      ("allow_whitespace_only_pieces", "true"),
      ("add_dummy_prefix", String(addDummyPrefix)),
      ("character_coverage", String(characterCoverage)),
      ("unk_id", "0"),
      ("bos_id", "1"),
      ("eos_id", "2"),
      ("pad_id", "-1"),
      ("max_sentence_length", String(SentenceParts.maximumBytes)),
      ("num_threads", "1"),
    ]
    if !controlSymbols.isEmpty {
      let quoted = controlSymbols.map { "\"" + $0.replacing(bytes: "\"", with: "\"\"") + "\"" }
      arguments.append(("control_symbols", quoted.joined(separator: ",")))
    }
    return arguments
  }

  func validate() throws(TokenizerError) {
    guard vocabularySize <= Self.largestVocabulary else {
      throw .option(
        name: "vocab_size",
        problem: "too large (got \(vocabularySize); need at most \(Self.largestVocabulary))")
    }
    try Self.refuseMisread(vocabularySize)
    guard vocabularySize > fixedPieces else {
      throw .option(
        name: "vocab_size",
        problem: "too small (got \(vocabularySize); need at least \(fixedPieces + 1): "
          + "\(fixedPiecesInWords), and what the text needs)")
    }
    guard (0.98...1).contains(characterCoverage) else {
      throw .option(
        name: "character_coverage",
        problem: "out of range (got \(characterCoverage); need 0.98 to 1)")
    }
    try validateControlSymbols()
  }

  /// Refuses the sizes that llama.cpp's converter takes for a CodeLlama or a Granite model.
  static func refuseMisread(_ size: Int) throws(TokenizerError) {
    guard !misreadSizes.contains(size) else {
      throw .option(
        name: "vocab_size",
        problem: "llama.cpp mistakes a vocabulary of this size for another model's (got \(size); "
          + "need any size but \(misreadSizes[0]) and \(misreadSizes[1]))")
    }
  }

  /// The library's own text for a vocabulary that has no room for the characters, in our words.
  func explained(_ error: TokenizerError) -> TokenizerError {
    // "… Vocabulary size is smaller than required_chars. 300 vs 350. Increase …"
    guard case .library(let message) = error, message.contains("smaller than required_chars"),
      let least = message.split(separator: " vs ").last?.prefix(while: \.isNumber),
      let least = Int(least)
    else { return error }
    return .option(
      name: "vocab_size",
      problem: "too small (got \(vocabularySize); need at least \(least): \(fixedPiecesInWords), "
        + "and \(least - fixedPieces) characters of the text)")
  }

  private var fixedPiecesInWords: String {
    "\(Self.reserved.count + controlSymbols.count) special pieces"
      + (byteFallback ? ", 256 bytes" : "")
  }

  private func validateControlSymbols() throws(TokenizerError) {
    func fault(_ symbol: String, _ problem: String) -> TokenizerError {
      .option(name: "control_symbols", problem: "\(problem) (got \(symbol.quotedForMessage()))")
    }
    var seen = Set(Self.reserved.map(ByteKey.init))
    for symbol in controlSymbols {
      guard (2...256).contains(symbol.utf8.count), symbol.unicodeScalars.count > 1 else {
        throw fault(symbol, "need two characters or more and at most 256 bytes")
      }
      guard
        symbol.unicodeScalars.allSatisfy({
          !$0.properties.isWhitespace && $0.properties.generalCategory != .control
        })
      else { throw fault(symbol, "white space and control characters cannot be part of a symbol") }
      guard SentencePieceModel.byteValue(of: symbol) == nil else {
        throw fault(symbol, "this spelling is reserved for bytes")
      }
      guard seen.insert(ByteKey(symbol)).inserted else {
        throw fault(symbol, "this symbol exists already")
      }
    }
    let chain = SentencePieceModel.longestPrefixChain(of: controlSymbols)
    guard chain < SentencePieceModel.maximumPrefixChain else {
      throw .option(
        name: "control_symbols",
        problem: "\(chain) symbols are prefixes of each other (need fewer than "
          + "\(SentencePieceModel.maximumPrefixChain))")
    }
  }
}
