public import Formats
internal import Kernels

/// The shape of a Llama-style model, under the names of `config.json` in words.
public struct ModelConfiguration: Sendable, Equatable {
  public var vocabularySize: Int
  public var hiddenSize: Int
  public var layers: Int
  public var attentionHeads: Int
  public var keyValueHeads: Int
  public var headSize: Int
  public var intermediateSize: Int
  /// Tokens of the longest sequence.
  public var maximumPositions: Int
  public var ropeTheta: Double
  public var normEpsilon: Double
  public var tiedEmbeddings: Bool
  /// Standard deviation of the first weights.
  public var initializerRange: Double
  public var bosTokenID: Int?
  /// The ids that end a completion, each once.
  public var eosTokenIDs: [Int]
  public var padTokenID: Int?
  /// What `generation_config.json` holds beside ids: it is written again as it was read.
  public internal(set) var generation: JSONObject = [:]
  /// What was read and left out, one line each.
  public internal(set) var warnings: [String] = []

  public init(
    vocabularySize: Int, hiddenSize: Int, layers: Int, attentionHeads: Int, keyValueHeads: Int,
    headSize: Int? = nil, intermediateSize: Int, maximumPositions: Int, ropeTheta: Double = 10_000,
    normEpsilon: Double = 1e-5, tiedEmbeddings: Bool = true, initializerRange: Double = 0.02,
    bosTokenID: Int? = 1, eosTokenIDs: [Int] = [2], padTokenID: Int? = nil
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.layers = layers
    self.attentionHeads = attentionHeads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize ?? hiddenSize / max(attentionHeads, 1)
    self.intermediateSize = intermediateSize
    self.maximumPositions = maximumPositions
    self.ropeTheta = ropeTheta
    self.normEpsilon = normEpsilon
    self.tiedEmbeddings = tiedEmbeddings
    self.initializerRange = initializerRange
    self.bosTokenID = bosTokenID
    self.eosTokenIDs = eosTokenIDs
    self.padTokenID = padTokenID
  }
}

extension ModelConfiguration {
  /// Numbers of a row's queries, of all heads.
  package var queryWidth: Int { attentionHeads * headSize }
  /// Numbers of a row's keys, and of its values.
  package var keyWidth: Int { keyValueHeads * headSize }
}

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
    try ForeignFormat.refuse(bytes, file: file, need: "a model configuration", as: .model)
    let json = try JSON(
      parsing: bytes, file: file, limits: .init(maximumBytes: 1 << 20, maximumDepth: 32))
    guard let object = json.object else {
      throw FormatError(file: file, message: "not a JSON object (need a model configuration)")
    }
    let fields = ConfigurationFields(file: file, object: object)
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
    tiedEmbeddings = try fields.boolean("tie_word_embeddings", default: false)
    ropeTheta = try fields.ropeTheta()
    eosTokenIDs = []
    bosTokenID = try takeIDs("bos_token_id", of: fields).first
    addEndIDs(try takeIDs("eos_token_id", of: fields))
    padTokenID = try takeIDs("pad_token_id", of: fields).first
    if let (field, message) = firstProblem() {
      throw FormatError(file: file, field: field, message: message)
    }
  }

  /// The id that is written behind a completion, where there is one: the warm start teaches it, reward
  /// models read it, and an exported tokenizer has it for its end of sequence.
  public var endID: Int? { eosTokenIDs.first }

  /// The ids that a field names.
  ///
  /// One that is no id of the model is never met: it is left out, which is a warning, but for the −1
  /// that the first conversions of Llama write where there is no padding. Padding beyond the
  /// vocabulary is refused, as transformers does.
  mutating func takeIDs(
    _ field: String, of fields: ConfigurationFields
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
          "\(id) is left out, since the model has no such id (need 0...\(own.upperBound - 1))"
        ).description)
    }
    return ids.filter(own.contains)
  }

  /// Takes up ids that end a completion: every list of them passes through here, that of
  /// `config.json` first, then that of `generation_config.json`, then those of the tokenizer and of
  /// what stands beside it.
  ///
  /// TRL gathers them in the same way; a completion that went on behind any of them would hold what
  /// nobody means.
  public mutating func addEndIDs(_ ids: [Int]) {
    for id in ids where !eosTokenIDs.contains(id) { eosTokenIDs.append(id) }
  }

  /// The first rule between fields that does not hold, as (field, what is wrong).
  public func firstProblem() -> (field: String, message: String)? {
    if attentionHeads < 1 || keyValueHeads < 1 {
      return (
        "num_attention_heads", "got \(attentionHeads) and \(keyValueHeads) heads; need 1 or more"
      )
    }
    if hiddenSize % attentionHeads != 0 {
      return (
        "hidden_size",
        "is no multiple of num_attention_heads (got \(hiddenSize) and \(attentionHeads))"
      )
    }
    if attentionHeads % keyValueHeads != 0 {
      return (
        "num_key_value_heads",
        "does not divide num_attention_heads (got \(keyValueHeads) and \(attentionHeads))"
      )
    }
    if headSize % 2 != 0 || headSize > Attention.maximumHeadSize {
      return (
        "head_dim", "got \(headSize); need an even number up to \(Attention.maximumHeadSize)"
      )
    }
    return nil
  }

  /// `config.json` as transformers 5 writes it, with the spellings of transformers 4 beside it.
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
