extension Recipe {
  /// The policy a run starts from.
  public enum Model: Sendable, Equatable {
    /// A policy with random weights.
    case new(Architecture)
    /// A directory in the Hugging Face layout: `path`.
    case directory(String)
  }

  /// The shape of a new Llama-style policy, in the keys of `config.json`.
  ///
  /// Its vocabulary is the tokenizer's.
  public struct Architecture: Sendable, Equatable {
    /// Width: `hidden_size`.
    ///
    /// Required; 64 to 512 learn within minutes on a CPU.
    public var hiddenSize = 0
    /// Layers: `num_hidden_layers`.
    ///
    /// Required; 2 to 8 are usual here.
    public var layers = 0
    /// Attention heads: `num_attention_heads`.
    ///
    /// Required; `hiddenSize` must be a multiple unless `headSize` is given.
    public var attentionHeads = 0
    /// Key/value heads, of which `attentionHeads` must be a multiple: `num_key_value_heads`.
    ///
    /// By default as many as attention heads.
    public var keyValueHeads: Int?
    /// Size of a head, an even number from 2 to 128: `head_dim`.
    ///
    /// By default `hiddenSize / attentionHeads`; 16 to 128 are usual.
    public var headSize: Int?
    /// Width of the feed-forward part: `intermediate_size`.
    ///
    /// Required; about 8/3 of `hiddenSize` is usual.
    public var intermediateSize = 0
    /// Tokens that prompt and completion may have together, beginning-of-sequence token included:
    /// `max_position_embeddings`.
    ///
    /// Required.
    public var maximumPositions = 0
    /// Base of the rotary embedding: `rope_theta`.
    public var ropeTheta = 10_000.0
    /// What RMSNorm adds to the mean square: `rms_norm_eps`.
    public var rmsNormEpsilon = 1e-6
    /// Whether output and input embedding are one matrix: `tie_word_embeddings`.
    ///
    /// Worth it whenever the vocabulary is a large part of the policy.
    public var tieWordEmbeddings = false
    /// `initializer_range`: the standard deviation of the first weights; usually 0.02, and 0.05 for
    /// narrow models.
    public var initializerRange = 0.02

    /// Creates a shape with every key at its default; what is required must be set.
    public init() {}
  }
}

extension Recipe.Model: Section {
  /// A new model, whose shape must be set.
  public init() { self = .new(Recipe.Architecture()) }

  mutating func declare(_ fields: Fields) {
    var path: String? = if case .directory(let path) = self { path } else { nil }
    fields(
      "path", &path, .path,
      "A directory in the Hugging Face layout: config.json, model.safetensors or its shards, "
        + "tokenizer.model.", default: "none: a new model", also: ["model_name_or_path"])
    var architecture =
      if case .new(let architecture) = self { architecture } else { Recipe.Architecture() }
    fields.group(
      when: .absent("path", isPresent: path != nil)
    ) { architecture.declare(fields) }
    self = path.map(Self.directory) ?? .new(architecture)
  }
}

extension Recipe.Architecture: Section {
  mutating func declare(_ fields: Fields) {
    fields(
      "hidden_size", &hiddenSize, .integer(1...16384),
      "Width of the model. 64 to 512 learn within minutes on a CPU.", .required)
    fields(
      "num_hidden_layers", &layers, .integer(1...256), "Transformer layers. Usual here: 2 to 8.",
      .required)
    fields(
      "num_attention_heads", &attentionHeads, .integer(1...256),
      "Attention heads; a divisor of hidden_size.", .required)
    if fields.isReading { keyValueHeads = attentionHeads }
    fields(
      "num_key_value_heads", &keyValueHeads, .integer(1...256),
      "Key/value heads; a divisor of num_attention_heads.", default: "num_attention_heads")
    fields(
      "head_dim", &headSize, .integer(2...128), "Size of a head; an even number. Usual: 16 to 128.",
      default: "hidden_size / num_attention_heads")
    fields(
      "intermediate_size", &intermediateSize, .integer(1...65536),
      "Width of the feed-forward layers. Usual: about 8/3 of hidden_size.", .required)
    fields(
      "max_position_embeddings", &maximumPositions, .integer(3...65536),
      "Tokens of prompt and completion together, beginning-of-sequence token included.", .required)
    fields("rope_theta", &ropeTheta, .number(1...1e9), "Base of the rotary position embedding.")
    fields(
      "rms_norm_eps", &rmsNormEpsilon, .number(1e-12...0.1),
      "Added to the mean square in RMSNorm.")
    fields(
      "tie_word_embeddings", &tieWordEmbeddings, .flag,
      "Whether input and output embedding are one matrix. Worth it where the vocabulary is a large "
        + "part of the model.")
    fields(
      "initializer_range", &initializerRange, .number(above: 0, through: 1),
      "Standard deviation of the initial weights. Usual: 0.02; for narrow models 0.05.")
    if fields.isReading { resolveHeads(fields) }
  }

  private mutating func resolveHeads(_ fields: Fields) {
    guard attentionHeads > 0 && hiddenSize > 0 else { return }
    if let keyValueHeads, attentionHeads % keyValueHeads != 0 {
      fields.fail(
        "num_key_value_heads",
        "does not divide the attention heads (got \(keyValueHeads); need a divisor of "
          + "num_attention_heads, \(attentionHeads))")
    }
    // Required even with head_dim, because transformers checks it.
    guard hiddenSize % attentionHeads == 0 else {
      return fields.fail(
        "num_attention_heads",
        "does not divide the width (got \(attentionHeads); need a divisor of hidden_size, "
          + "\(hiddenSize))")
    }
    if headSize == nil { headSize = hiddenSize / attentionHeads }
    if let headSize, headSize % 2 != 0 {
      fields.fail(
        fields.has("head_dim") ? "head_dim" : "num_attention_heads",
        "gives heads of odd size, which rotary embeddings cannot halve (got \(headSize); need an "
          + "even size)")
    }
  }

  /// 16 GB of weights in single precision.
  static let largestParameterCount = 4_000_000_000

  /// The number of weights.
  ///
  /// No product overflows within the keys' ranges.
  func parameterCount(vocabularySize: Int) -> Int {
    let queries = attentionHeads * (headSize ?? hiddenSize / max(1, attentionHeads))
    let keys = (keyValueHeads ?? attentionHeads) * (queries / max(1, attentionHeads))
    let attention = hiddenSize * (2 * queries + 2 * keys)
    let layer = attention + 3 * hiddenSize * intermediateSize + 2 * hiddenSize
    let embeddings = (tieWordEmbeddings ? 1 : 2) * vocabularySize * hiddenSize
    return embeddings + layers * layer + hiddenSize
  }
}
