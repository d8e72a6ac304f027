public import Formats
internal import Kernels

/// The shape and special ids of a Llama-style model: `config.json`, with its keys spelled in words.
public struct ModelConfiguration: Sendable, Equatable {
  /// Rows of the embedding: every id is in 0..<vocabularySize (`vocab_size`).
  public var vocabularySize: Int
  /// Width of the residual stream; a multiple of `attentionHeads` (`hidden_size`).
  public var hiddenSize: Int
  /// Transformer blocks (`num_hidden_layers`).
  public var layers: Int
  /// Query heads of a block (`num_attention_heads`).
  public var attentionHeads: Int
  /// Heads of keys and values, which query heads share in equal groups; divides `attentionHeads`
  /// (`num_key_value_heads`).
  public var keyValueHeads: Int
  /// Numbers of one head, even (`head_dim`).
  public var headSize: Int
  /// Width of the feed-forward layer (`intermediate_size`).
  public var intermediateSize: Int
  /// Tokens of the longest sequence, prompt and completion together (`max_position_embeddings`).
  public var maximumPositions: Int
  /// Base θ of the rotary embedding: pair i of a head of size D turns by θ^(−2i/D) per position
  /// (`rope_theta`).
  public var ropeTheta: Double
  /// ε under the square root of each RMS norm (`rms_norm_eps`).
  public var normEpsilon: Double
  /// Whether the output matrix is the embedding (`tie_word_embeddings`).
  public var tiedEmbeddings: Bool
  /// Standard deviation of the random initial weights (`initializer_range`).
  public var initializerRange: Double
  /// The id that begins a sequence; nil for none (`bos_token_id`).
  public var bosTokenID: Int?
  /// The ids that end a completion, each once (`eos_token_id`).
  public var eosTokenIDs: [Int]
  /// The id that fills up the shorter texts of a batch; nil for none (`pad_token_id`).
  public var padTokenID: Int?
  /// What `generation_config.json` holds apart from ids; it is written back as it was read.
  public internal(set) var generation: JSONObject = [:]
  /// Settings that were read and ignored, one line each.
  public internal(set) var warnings: [String] = []

  /// Creates a configuration without checking it: ``firstProblem()`` does.
  ///
  /// - Parameter headSize: nil takes `hiddenSize / attentionHeads`.
  public init(
    vocabularySize: Int, hiddenSize: Int, layers: Int, attentionHeads: Int, keyValueHeads: Int,
    headSize: Int? = nil, intermediateSize: Int, maximumPositions: Int, ropeTheta: Double = 10_000,
    normEpsilon: Double = 1e-5, tiedEmbeddings: Bool = true, initializerRange: Double = 0.02,
    bosTokenID: Int? = 1, eosTokenIDs: [Int] = [2], padTokenID: Int? = nil
  ) {
    (self.vocabularySize, self.hiddenSize, self.layers) = (vocabularySize, hiddenSize, layers)
    (self.attentionHeads, self.keyValueHeads) = (attentionHeads, keyValueHeads)
    self.headSize = headSize ?? hiddenSize / max(attentionHeads, 1)
    (self.intermediateSize, self.maximumPositions) = (intermediateSize, maximumPositions)
    (self.ropeTheta, self.normEpsilon) = (ropeTheta, normEpsilon)
    (self.tiedEmbeddings, self.initializerRange) = (tiedEmbeddings, initializerRange)
    (self.bosTokenID, self.eosTokenIDs, self.padTokenID) = (bosTokenID, eosTokenIDs, padTokenID)
  }
}

extension ModelConfiguration {
  /// Numbers of a row's queries, of all heads.
  package var queryWidth: Int { attentionHeads * headSize }
  /// Numbers of a row's keys, and of its values.
  package var keyWidth: Int { keyValueHeads * headSize }

  /// The first id that ends a completion; nil where none does.
  ///
  /// The warm start teaches it, reward models read it, and an exported tokenizer names it as its
  /// end of sequence.
  public var endID: Int? { eosTokenIDs.first }

  /// Adds ids that end a completion, none of them twice.
  ///
  /// Their order counts, as ``endID`` is the first: those of `config.json`, then those of
  /// `generation_config.json`, then those of the tokenizer and of the files beside it. TRL collects
  /// them in the same way.
  public mutating func addEndIDs(_ ids: [Int]) {
    for id in ids where !eosTokenIDs.contains(id) { eosTokenIDs.append(id) }
  }

  /// The first rule between fields that is broken, with the field as `config.json` spells it; nil
  /// where all hold.
  public func firstProblem() -> (field: String, message: String)? {
    if attentionHeads < 1 || keyValueHeads < 1 {
      return (
        "num_attention_heads", "got \(attentionHeads) and \(keyValueHeads) heads; need 1 or more"
      )
    }
    if hiddenSize % attentionHeads != 0 {
      return (
        "hidden_size",
        "is not a multiple of num_attention_heads (got \(hiddenSize) and \(attentionHeads))"
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
}
