import Kernels
import LanguageModel
import Sampling
import Tokenization

/// A policy that says what it is told to: one byte after the other, a token each, then the end.
///
/// No byte may occur twice, as a token alone decides the next one.
struct ChainPolicy {
  let policy: Policy
  /// The tokens of the bytes.
  let tokens: [Int]

  /// - Parameter isEndless: Whether the first byte follows the last one.
  init(_ bytes: some Sequence<UInt8>, isEndless: Bool = false) throws {
    let tokenizer = try SentencePieceTokenizer(
      bytes: SentencePieceTokenizer.train(
        sentences: (0..<50).map { "\($0)+\($0)=\(2 * $0)" }, options: .init(vocabularySize: 280)),
      name: "tokenizer.model")
    let size = tokenizer.vocabularySize
    let configuration = ModelConfiguration(
      vocabularySize: size, hiddenSize: size, layers: 1, attentionHeads: 1, keyValueHeads: 1,
      headSize: 8, intermediateSize: 8, maximumPositions: 4096, tiedEmbeddings: false)
    tokens = bytes.map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return tokenizer.id(of: "<0x\(digits.count < 2 ? "0" : "")\(digits)>") ?? -1
    }
    // The embedding is one number at the token's index, which passes the layer as it is.
    let parameters = Parameters(configuration)
    for token in 0..<size {
      parameters.embedding[token, token] = 1
      parameters.norm[0, token] = 1
    }
    let ends = isEndless ? [tokens[0]] : [2]
    for (token, next) in zip([1] + tokens, tokens + ends) { parameters.head[next, token] = 1 }
    policy = try Policy(
      Model(configuration: configuration, parameters: parameters), tokenizer)
  }

  func stream(stop: [String] = [], tokens limit: Int = 4000) -> TokenStream {
    policy.stream("", options: options(limit), stop: stop)
  }

  /// What the text sampler gives for it.
  func whole(stop: [String] = [], tokens limit: Int = 4000) throws -> TextSampler.DrawnText {
    try TextSampler(policy, options: options(limit), stop: stop).complete("")[0]
  }

  private func options(_ limit: Int) -> SamplingOptions {
    SamplingOptions(temperature: 0, maximumTokens: limit, eosIDs: policy.eosIDs)
  }
}
