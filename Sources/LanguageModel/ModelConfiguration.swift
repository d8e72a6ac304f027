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
  var queryWidth: Int { attentionHeads * headSize }
  /// Numbers of a row's keys, and of its values.
  package var keyWidth: Int { keyValueHeads * headSize }

  /// The id that is written behind a completion, where there is one: the warm start teaches it, reward
  /// models read it, and an exported tokenizer has it for its end of sequence.
  public var endID: Int? { eosTokenIDs.first }

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
}
