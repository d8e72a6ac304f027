import Formats
import LanguageModel
import Sampling
import Tokenization

/// A policy of random weights with a context of 24 tokens, and a sampler of at most 6 of them.
struct SmallPolicy {
  let policy: Policy
  let sampler: TextSampler

  init(stop: [String] = []) throws {
    let tokenizer = try SentencePieceTokenizer(
      bytes: SentencePieceTokenizer.train(
        sentences: (0..<50).map { "\($0)+\($0)=\(2 * $0)" }, options: .init(vocabularySize: 280)),
      name: "tokenizer.model")
    let configuration = ModelConfiguration(
      vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layers: 1, attentionHeads: 2,
      keyValueHeads: 1, intermediateSize: 24, maximumPositions: 24, initializerRange: 0.3)
    policy = try Policy(Model(configuration, seed: 1), tokenizer)
    let options = SamplingOptions(maximumTokens: 6, eosIDs: [2])
    sampler = TextSampler(policy, options: options, stop: stop)
  }
}
