import Formats

extension SentencePieceTokenizer {
  /// The tokenizer's part of a Hugging Face model directory: `tokenizer.model` as it was read,
  /// `tokenizer.json` and `tokenizer_config.json`.
  ///
  /// `PreTrainedTokenizerFast` is the class that takes `tokenizer.json` as it stands. It gives the
  /// ids of ``encode(_:)`` with BOS before them: `split_special_tokens` is true for a vocabulary
  /// beside which nothing stood, whose control symbols are text where a text spells them. Differences
  /// are left where such a text is all between two symbols, or the model is a unigram, and where
  /// rules replace characters, which it does in whole grapheme clusters, symbols included.
  ///
  /// What ``settings`` hold beside is written again: `chat_template` and the like.
  ///
  /// `add_prefix_space` is what other readers of `tokenizer.model` go by, llama.cpp's converter among
  /// them.
  ///
  /// - Parameters:
  ///   - maximumLength: the most tokens that the model takes (`model_max_length`).
  ///   - padding: the id that fills up the shorter texts of a batch; by default
  ///     ``paddingOrUnknownID``.
  ///   - end: the id of the token that ends a sequence, where the settings name none; by default
  ///     ``eosID``.
  /// - Throws: `TokenizerError.notExportable` for a model with pieces marked unused, with a dummy
  ///   space at the end of text, or with symbols that its own rules would change.
  public func huggingFaceFiles(
    maximumLength: Int, padding: Int? = nil, end: Int? = nil
  ) throws(TokenizerError) -> [(name: String, bytes: [UInt8])] {
    let vocabulary = try TokenizerJSON(self)
    func text(_ id: Int?) -> JSON { id.flatMap(text(of:)).map { .string($0) } ?? .null }
    var configuration: JSONObject = [
      "tokenizer_class": "PreTrainedTokenizerFast",
      "bos_token": text(beginningID),
      "eos_token": text(namedEndID ?? end ?? eosID),
      "unk_token": text(unknownID),
      "pad_token": text(padding ?? paddingOrUnknownID),
      "add_bos_token": .bool(bosID != nil),
      "add_eos_token": false,
      "add_prefix_space": .bool(prefix != .none),
      "clean_up_tokenization_spaces": false,
      "model_max_length": .integer(maximumLength),
      "padding_side": "left",
      "split_special_tokens": .bool(settings.source == nil || settings.splitsSpecialTokens),
    ]
    if let decoder = vocabulary.decoderOfAddedTokens {
      configuration["added_tokens_decoder"] = decoder
    }
    for (key, value) in settings.others.entries { configuration[key] = value }
    let files = [
      ("tokenizer.model", modelBytes),
      ("tokenizer.json", Array(vocabulary.json.encoded(.pretty).utf8) + [UInt8(ascii: "\n")]),
      (
        "tokenizer_config.json",
        Array(JSON.object(configuration).encoded(.pretty).utf8) + [UInt8(ascii: "\n")]
      ),
    ]
    return files + (settings.chatTemplate.map { [("chat_template.jinja", $0)] } ?? [])
  }
}
