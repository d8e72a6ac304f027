import Kernels
import LanguageModel
import Sampling
import TestSupport
import Testing

/// What the sampler said is bit for bit what the trainer computes, and depends on nothing else.
@Suite struct SamplerTests {
  @Test(arguments: [false, true], OddPolicy.options) func theTrainerComputesWhatTheSamplerRecorded(
    tied: Bool, options: SamplingOptions
  ) throws {
    let policy = OddPolicy(tied: tied)
    let completions = try policy.sample(options).completions
    let batch = OddPolicy.batch(OddPolicy.requests, completions)
    for workers in [1, 3] {
      let found = policy.engine(workers: workers).forward(
        policy.parameters, batch, temperature: Float(options.scoringTemperature), keep: false)
      #expect(
        bitDifference(found.logProbs, completions.flatMap { $0.flatMap(\.logProbs) }) == nil)
      #expect(
        bitDifference(found.entropies, completions.flatMap { $0.flatMap(\.entropies) }) == nil)
    }
    // Something was compared, and completions ended at different times.
    let lengths = completions.flatMap { $0.map(\.tokens.count) }
    #expect(lengths.reduce(0, +) > 100)
    #expect(options.temperature == 0 || Set(lengths).count > 3)
  }

  /// The kept activations lie in the order of drawing, the recomputed ones in that of questions.
  @Test(arguments: [false, true], OddPolicy.options)
  func keptActivationsGiveTheGradientOfRecomputedOnes(
    tied: Bool, options: SamplingOptions
  ) throws {
    let policy = OddPolicy(tied: tied)
    let engine = policy.engine()
    let result = try policy.sample(options, engine: engine, keep: true)
    let kept = try #require(result.kept)
    let batch = OddPolicy.batch(OddPolicy.requests, result.completions)
    var rng = SplitMix64(seed: 7)
    let dLogProb: [Float] = .uniform(batch.tokenCount, using: &rng)
    let dEntropy: [Float] = .uniform(batch.tokenCount, using: &rng)
    func gradient(_ engine: Engine, kept: Kept?) -> [Float] {
      let gradient = Parameters(policy.configuration)
      engine.backward(
        policy.parameters, gradient: gradient, batch,
        TokenGradient(dLogProb: dLogProb, dEntropy: dEntropy),
        temperature: Float(options.scoringTemperature),
        kept: kept)
      return gradient.layout.tensors.flatMap { gradient.values($0) }
    }
    let expected = gradient(engine, kept: kept)
    #expect(expected.contains { $0 != 0 })
    for (workers, bytes) in [(1, 1 << 30), (2, 1 << 30), (3, 1), (2, 400_000)] {
      let found = gradient(policy.engine(workers: workers, activationBytes: bytes), kept: nil)
      #expect(bitDifference(found, expected) == nil, "\(workers) threads, \(bytes) bytes")
    }
  }

  @Test(arguments: OddPolicy.options) func everyNumberOfThreadsDrawsTheSame(
    options: SamplingOptions
  ) throws {
    let policy = OddPolicy(tied: false)
    let expected = try policy.sample(options, engine: policy.engine(workers: 1))
    for (workers, bytes, keep) in [(2, 1 << 30, true), (3, 1 << 30, false), (3, 1, true)] {
      let engine = policy.engine(workers: workers, activationBytes: bytes)
      let found = try policy.sample(options, engine: engine, keep: keep)
      #expect((found.kept != nil) == (keep && bytes > 1))
      let difference = difference(found.completions, expected.completions)
      #expect(difference == nil, "\(workers) threads")
    }
  }

  @Test(arguments: OddPolicy.options) func aQuestionIsTheSameAloneAndAmongOthersInAnyOrder(
    options: SamplingOptions
  ) throws {
    let policy = OddPolicy(tied: true)
    let engine = policy.engine()
    let alone = try OddPolicy.requests.map {
      try policy.sample(options, [$0], engine: engine).completions[0]
    }
    var rng = SplitMix64(seed: 8)
    for _ in 0..<3 {
      let order = alone.indices.shuffled(using: &rng)
      let found = try policy.sample(options, order.map { OddPolicy.requests[$0] }, engine: engine)
      let difference = difference(found.completions, order.map { alone[$0] })
      #expect(difference == nil, "order \(order)")
    }
  }

  @Test func completionsMayBeDrawnInSeveralCalls() throws {
    let policy = OddPolicy(tied: false)
    let options = OddPolicy.options[0]
    let all = try policy.sample(options, completions: 7).completions
    var found = all.map { _ in [SampledCompletion]() }
    for (first, count) in [(0, 2), (2, 1), (3, 4)] {
      let requests = OddPolicy.requests.map {
        Sampler.Request(prompt: $0.prompt, row: $0.row, firstSample: $0.firstSample + first)
      }
      let part = try policy.sample(options, requests, completions: count).completions
      for q in found.indices { found[q] += part[q] }
    }
    #expect(difference(found, all) == nil)
  }

  /// (seed, purpose, step, row, sample, position), and the prompt: nothing else keys a draw.
  @Test func everyPartOfTheKeyChangesTheDraws() throws {
    let policy = OddPolicy(tied: false)
    let options = SamplingOptions(maximumTokens: 12, eosIDs: [])
    let request = OddPolicy.requests[0]
    func tokens(_ draws: Draws = OddPolicy.draws(), row: Int = 0, first: Int = 0) throws -> [[Int]]
    {
      let request = Sampler.Request(prompt: request.prompt, row: row, firstSample: first)
      return try policy.sample(options, [request], draws: draws).completions[0].map(\.tokens)
    }
    let expected = try tokens()
    #expect(try tokens() == expected)
    let evaluation = Draws(key: RandomKey(seed: 5, purpose: .evaluation), step: 11)
    let others = try [
      tokens(OddPolicy.draws(seed: 6)), tokens(OddPolicy.draws(step: 12)), tokens(evaluation),
      tokens(row: 1), tokens(first: 6),
    ]
    for other in others { for (a, b) in zip(other, expected) { #expect(a != b) } }
    // Samples differ from each other, and positions within one do.
    #expect(Set(expected).count == expected.count)
    #expect(expected.allSatisfy { Set($0).count > 3 })
    // Sample 2 is sample 2, wherever counting starts.
    #expect(try tokens(first: 2).prefix(4).elementsEqual(expected.suffix(4)))
  }

  /// A question drawn twice in a step: `firstSample` keeps its draws apart.
  @Test func identicalQuestionsDifferByTheirFirstSample() throws {
    let policy = OddPolicy(tied: false)
    let prompt = OddPolicy.requests[0].prompt
    let options = SamplingOptions(maximumTokens: 12, eosIDs: [])
    let found = try policy.sample(
      options,
      [
        .init(prompt: prompt, row: 4), .init(prompt: prompt, row: 4, firstSample: 6),
        .init(prompt: prompt, row: 4),
      ]
    ).completions.map { $0.map(\.tokens) }
    #expect(found[0] == found[2])
    #expect(Set(found[0]).isDisjoint(with: Set(found[1])))
  }

  @Test(arguments: [false, true]) func greedyTakesTheMostLikelyToken(tied: Bool) throws {
    let policy = OddPolicy(tied: tied)
    let options = SamplingOptions(
      temperature: 0, topK: 5, topP: 0.5, maximumTokens: 15, eosIDs: [])
    let found = try policy.sample(options)
    for (request, completions) in zip(OddPolicy.requests, found.completions) {
      let logits = policy.logits(request.prompt + completions[0].tokens)
      for (t, token) in completions[0].tokens.enumerated() {
        let row = logits[request.prompt.count + t - 1]
        #expect(row[token] == row.max())
      }
      // Whatever the key, and filters have no say.
      #expect(completions.allSatisfy { $0 == completions[0] && $0.supports == nil })
    }
    // The log-probs are those of the full distribution at temperature 1.
    let scored = policy.engine().forward(
      policy.parameters, OddPolicy.batch(OddPolicy.requests, found.completions), temperature: 1,
      keep: false)
    #expect(
      bitDifference(scored.logProbs, found.completions.flatMap { $0.flatMap(\.logProbs) }) == nil)
  }

  @Test func tiesGoToTheLowerID() throws {
    let policy = OddPolicy(tied: false)
    let greedy = SamplingOptions(temperature: 0, maximumTokens: 1, eosIDs: [])
    func first() throws -> [Int] {
      try policy.sample(greedy, completions: 1).completions.map { $0[0].tokens[0] }
    }
    let tokens = try first()
    let token = tokens[0]
    let (lower, higher) = (token / 2, (token + 77) / 2)
    for k in 0..<36 {
      policy.parameters.head[lower, k] = policy.parameters.head[token, k]
      policy.parameters.head[higher, k] = policy.parameters.head[token, k]
    }
    #expect(lower < token && token < higher)
    #expect(try first()[0] == lower)
    let two = SamplingOptions(topK: 2, maximumTokens: 1, eosIDs: [])
    let supports = try policy.sample(two, [OddPolicy.requests[0]]).completions[0].map(\.supports)
    for support in supports { #expect(support == [[Int32(lower), Int32(token)]]) }
  }
}
