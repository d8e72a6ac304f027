import Formats

extension SentencePieceTokenizer {
  /// The tokenizer's part of a Hugging Face model directory: `tokenizer.model` as it was read,
  /// `tokenizer.json` and `tokenizer_config.json`.
  ///
  /// `PreTrainedTokenizerFast` is the class that takes `tokenizer.json` as it stands. It gives the
  /// ids of ``encode(_:)`` with BOS before them. Differences are left where text spells a control
  /// symbol, which it reads as one (called with `split_special_tokens=True`, only for a unigram
  /// model), and where rules replace characters, which it does in whole grapheme clusters.
  ///
  /// - Parameter maximumLength: the most tokens that the model takes (`model_max_length`).
  /// - Throws: `TokenizerError.notExportable` for a model with pieces marked unused, or with a
  ///   dummy space at the end of text.
  public func huggingFaceFiles(
    maximumLength: Int
  ) throws(TokenizerError) -> [(name: String, bytes: [UInt8])] {
    let tokenizer = try TokenizerJSON(model, bosID: bosID).json
    func text(_ id: Int?) -> JSON { id.map { .string(model.pieces[$0].text) } ?? .null }
    let configuration: JSON = [
      "tokenizer_class": "PreTrainedTokenizerFast",
      "bos_token": text(bosID),
      "eos_token": text(eosID),
      "unk_token": text(unknownID),
      "pad_token": text(paddingID),
      "add_bos_token": .bool(bosID != nil),
      "add_eos_token": false,
      "clean_up_tokenization_spaces": false,
      "model_max_length": .integer(maximumLength),
      "padding_side": "left",
    ]
    return [
      ("tokenizer.model", modelBytes),
      ("tokenizer.json", Array(tokenizer.encoded(.pretty).utf8) + [UInt8(ascii: "\n")]),
      ("tokenizer_config.json", Array(configuration.encoded(.pretty).utf8) + [UInt8(ascii: "\n")]),
    ]
  }
}
