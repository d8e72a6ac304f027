import Kernels
import LanguageModel
import Sampling
import TestSupport

/// A policy of odd sizes, and what is asked of it.
struct OddPolicy {
  let parameters: Parameters
  var configuration: ModelConfiguration { parameters.configuration }

  init(tied: Bool) {
    let configuration = ModelConfiguration(
      vocabularySize: 77, hiddenSize: 36, layers: 3, attentionHeads: 6, keyValueHeads: 2,
      headSize: 10, intermediateSize: 52, maximumPositions: 64, ropeTheta: 500,
      tiedEmbeddings: tied, initializerRange: 0.3)
    parameters = Parameters(configuration, seed: 1)
    // Logits within a few units of each other, so that many tokens are drawn.
    for k in 0..<36 { parameters.norm[0, k] = tied ? 0.15 : 0.5 }
  }

  func engine(workers: Int = 2, activationBytes: Int = 1 << 30) -> Engine {
    Engine(
      configuration, workers: Workers(count: workers), activationBytes: activationBytes)
  }

  static let requests: [Sampler.Request] = {
    var rng = SplitMix64(seed: 2)
    return [(5, 0, 0), (1, 3, 0), (17, 3, 4), (2, 7, 0), (30, 100, 2)].map { length, row, first in
      Sampler.Request(
        prompt: (0..<length).map { _ in .random(in: 0..<77, using: &rng) }, row: row,
        firstSample: first)
    }
  }()

  /// Every way of choosing tokens.
  static let options: [SamplingOptions] = [
    .init(maximumTokens: 20, eosIDs: eosIDs),
    .init(temperature: 0, maximumTokens: 20, eosIDs: eosIDs),
    .init(temperature: 0.7, maximumTokens: 20, eosIDs: eosIDs),
    .init(temperature: 1.3, topK: 9, maximumTokens: 20, eosIDs: eosIDs),
    .init(temperature: 0.9, topP: 0.8, maximumTokens: 20, eosIDs: eosIDs),
    .init(temperature: 1.1, minP: 0.1, maximumTokens: 20, eosIDs: eosIDs),
    .init(
      temperature: 1.5, topK: 40, topP: 0.9, minP: 0.05, maximumTokens: 20, eosIDs: eosIDs),
    // Filters that leave all.
    .init(temperature: 0.8, topK: 77, maximumTokens: 20, eosIDs: eosIDs),
  ]

  /// Several, so that completions end at different times.
  static let eosIDs = [3, 20, 41, 60]

  static func draws(seed: UInt64 = 5, step: Int = 11) -> Draws {
    Draws(key: RandomKey(seed: seed, purpose: .sampling), step: step)
  }

  func sample(
    _ options: SamplingOptions, _ requests: [Sampler.Request] = requests, completions: Int = 6,
    engine: Engine? = nil, draws: Draws = draws(), keep: Bool = false
  ) throws -> Sampler.Result {
    try Sampler(engine: engine ?? self.engine(), options: options).sample(
      parameters, requests, completions: completions, draws: draws, keep: keep)
  }

  /// What a trainer makes of the completions.
  static func batch(
    _ requests: [Sampler.Request], _ completions: [[SampledCompletion]]
  ) -> TokenBatch {
    TokenBatch(
      zip(requests, completions).map { request, completions in
        .init(
          prompt: request.prompt,
          completions: completions.map { .init(tokens: $0.tokens, supports: $0.supports) })
      })
  }

  /// The logits after each token of a sequence.
  func logits(_ tokens: [Int]) -> [[Float]] {
    let engine = engine()
    let a = engine.memory.activations(.everything, rows: tokens.count, longest: tokens.count)
    a.appendGroup(prompt: tokens, completions: 0)
    engine.transformer.forward(parameters, a, from: 0)
    let found = Matrix(rows: tokens.count, columns: configuration.vocabularySize)
    engine.head.forEachRow(parameters, a, rows: tokens.indices.map(Int32.init)) { i, row in
      for token in 0..<found.columns { found[i, token] = row.logits[row.index, token] }
    }
    return tokens.indices.map { row in (0..<found.columns).map { found[row, $0] } }
  }
}

/// Where two sets of completions differ, in words; nil where they are the same, bit for bit.
func difference(_ a: [[SampledCompletion]], _ b: [[SampledCompletion]]) -> String? {
  if a.map(\.count) != b.map(\.count) { return "other numbers of completions" }
  for (question, pair) in zip(a, b).enumerated() {
    for (i, (a, b)) in zip(pair.0, pair.1).enumerated() {
      let place = "question \(question), completion \(i)"
      if a.tokens != b.tokens { return "\(place): tokens \(a.tokens) and \(b.tokens)" }
      if a.supports != b.supports || a.stopped != b.stopped { return "\(place): supports" }
      if let difference = bitDifference(a.logProbs, b.logProbs)
        ?? bitDifference(a.entropies, b.entropies)
      {
        return "\(place): \(difference)"
      }
    }
  }
  return nil
}
