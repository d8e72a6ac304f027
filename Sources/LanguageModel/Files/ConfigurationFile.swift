public import Formats
internal import Kernels

extension ModelConfiguration {
  init(parsing source: (bytes: [UInt8], file: String)) throws(FormatError) {
    try self.init(parsing: source.bytes, file: source.file)
  }

  /// Reads `config.json` in the spelling of transformers 4 or 5.
  ///
  /// Fields that would change the computation are refused unless they hold the value that this
  /// model computes with; fields that compute nothing may hold anything.
  ///
  /// - Throws: `FormatError` naming the field.
  public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
    let fields = try SettingsFile(
      parsing: bytes, file: file, need: "a model configuration",
      limits: JSON.Limits(maximumBytes: 1 << 20, maximumDepth: 32))
    try fields.refuseWhatIsNotComputed()

    vocabularySize = try fields.integer("vocab_size", in: 1...(1 << 20))
    hiddenSize = try fields.integer("hidden_size", in: 1...65_536)
    layers = try fields.integer("num_hidden_layers", in: 1...1024)
    attentionHeads = try fields.integer("num_attention_heads", in: 1...1024)
    keyValueHeads = try fields.integer(
      "num_key_value_heads", in: 1...1024, default: attentionHeads)
    headSize = try fields.integer(
      "head_dim", in: 1...Attention.maximumHeadSize, default: max(hiddenSize / attentionHeads, 1))
    intermediateSize = try fields.integer("intermediate_size", in: 1...(1 << 20))
    maximumPositions = try fields.integer(
      "max_position_embeddings", in: 1...(1 << 20), default: 2048)
    normEpsilon = try fields.number("rms_norm_eps", in: 1e-12...0.1, default: 1e-6)
    initializerRange = try fields.number("initializer_range", in: 0...10, default: 0.02)
    tiedEmbeddings = try fields.flag("tie_word_embeddings") ?? false
    ropeTheta = try fields.ropeTheta()
    eosTokenIDs = []
    bosTokenID = try takeIDs("bos_token_id", of: fields).first
    addEndIDs(try takeIDs("eos_token_id", of: fields))
    padTokenID = try takeIDs("pad_token_id", of: fields).first
    if let (field, message) = firstProblem() {
      throw fields.error(field, message)
    }
  }

  /// The ids that a field names.
  ///
  /// One that is no id of the model is never met: it is left out, which is a warning, but for the −1
  /// that the first conversions of Llama write where there is no padding. Padding beyond the
  /// vocabulary is refused, as transformers does.
  mutating func takeIDs(
    _ field: String, of fields: SettingsFile
  ) throws(FormatError) -> [Int] {
    let ids = try fields.integers(field)
    let own = 0..<vocabularySize
    if field == "pad_token_id", let id = ids.first(where: { $0 >= vocabularySize }) {
      throw fields.error(field, "got \(id); need -1...\(vocabularySize - 1)")
    }
    for id in ids where !own.contains(id) && !(field == "pad_token_id" && id == -1) {
      warnings.append(
        fields.error(
          field,
          "\(id) is ignored, because the model has no such id (need 0...\(own.upperBound - 1))"
        ).description)
    }
    return ids.filter(own.contains)
  }

  /// `config.json` as transformers 5 writes it, with the spellings of transformers 4 as well.
  public func encoded() -> JSON {
    let eos: JSON =
      eosTokenIDs.isEmpty
      ? .null
      : eosTokenIDs.count == 1
        ? .integer(eosTokenIDs[0]) : .array(eosTokenIDs.map { .integer($0) })
    return [
      "architectures": ["LlamaForCausalLM"],
      "attention_bias": false,
      "attention_dropout": 0.0,
      "bos_token_id": bosTokenID.map { .integer($0) } ?? .null,
      "dtype": "float32",
      "eos_token_id": eos,
      "head_dim": .integer(headSize),
      "hidden_act": "silu",
      "hidden_size": .integer(hiddenSize),
      "initializer_range": .number(initializerRange),
      "intermediate_size": .integer(intermediateSize),
      "max_position_embeddings": .integer(maximumPositions),
      "mlp_bias": false,
      "model_type": "llama",
      "num_attention_heads": .integer(attentionHeads),
      "num_hidden_layers": .integer(layers),
      "num_key_value_heads": .integer(keyValueHeads),
      "pad_token_id": padTokenID.map { .integer($0) } ?? .null,
      "pretraining_tp": 1,
      "rms_norm_eps": .number(normEpsilon),
      "rope_parameters": ["rope_theta": .number(ropeTheta), "rope_type": "default"],
      "rope_scaling": .null,
      "rope_theta": .number(ropeTheta),
      "tie_word_embeddings": .bool(tiedEmbeddings),
      "torch_dtype": "float32",
      "transformers_version": "5.23.0",
      "use_cache": true,
      "vocab_size": .integer(vocabularySize),
    ]
  }
}
