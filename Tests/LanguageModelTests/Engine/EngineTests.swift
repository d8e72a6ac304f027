import Kernels
import LanguageModel
import TestSupport
import Testing

/// A row's result depends on its own tokens only, and every sum over rows has one order.
@Suite struct EngineTests {
  /// Log-probs, entropies and the gradient for fixed coefficients.
  private struct Outcome {
    var logProbs, entropies, gradient: [Float]

    func difference(_ other: Outcome) -> String? {
      for (name, a, b) in [
        ("logProbs", logProbs, other.logProbs), ("entropies", entropies, other.entropies),
        ("gradient", gradient, other.gradient),
      ] {
        if let difference = bitDifference(a, b) { return "\(name): \(difference)" }
      }
      return nil
    }
  }

  private func outcome(
    _ p: Parameters, _ batch: TokenBatch, workers: Int = 2, activationBytes: Int = 1 << 30,
    keep: Bool = true
  ) -> Outcome {
    let engine = TinyPolicy.engine(
      p.configuration, workers: workers, activationBytes: activationBytes)
    let forward = engine.forward(p, batch, temperature: 0.7, keep: keep)
    var rng = SplitMix64(seed: 3)
    let gradient = Parameters(p.configuration)
    let dLogProb: [Float] = .uniform(batch.tokenCount, using: &rng)
    engine.backward(
      p, gradient: gradient, batch,
      TokenGradient(dLogProb: dLogProb, dEntropy: .uniform(batch.tokenCount, using: &rng)),
      temperature: 0.7, kept: forward.kept)
    return Outcome(
      logProbs: forward.logProbs, entropies: forward.entropies, gradient: gradient.flat)
  }

  @Test(arguments: [false, true], [false, true]) func forwardMatchesTheReference(
    tied: Bool, supported: Bool
  ) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
    let batch = TinyPolicy.batch(TinyPolicy.lengths, supported: supported)
    let reference = ReferenceModel(p.configuration, flat: p.flat.doubles)
    for temperature: Float in [1, 0.7] {
      let expected = reference.score(batch, temperature: Double(temperature))
      let found = TinyPolicy.engine(p.configuration).forward(
        p, batch, temperature: temperature, keep: false)
      // Logits of 30 have a last bit of 2e-6; three layers lose a few.
      for i in expected.logProbs.indices {
        #expect(abs(Double(found.logProbs[i]) - expected.logProbs[i]) < 3e-5)
        #expect(abs(Double(found.entropies[i]) - expected.entropies[i]) < 3e-5)
      }
      #expect(found.logProbs.count == batch.tokenCount)
    }
  }

  @Test(arguments: [false, true]) func aQuestionIsTheSameAloneAndAmongOthersInAnyOrder(
    tied: Bool
  ) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
    let batch = TinyPolicy.batch(TinyPolicy.lengths)
    let alone = batch.questions.map { question in
      TinyPolicy.engine(p.configuration).forward(
        p, TokenBatch([question]), temperature: 0.7, keep: true)
    }
    var rng = SplitMix64(seed: 4)
    let engine = TinyPolicy.engine(p.configuration)
    for _ in 0..<4 {
      let order = batch.questions.indices.shuffled(using: &rng)
      let together = engine.forward(
        p, TokenBatch(order.map { batch.questions[$0] }), temperature: 0.7, keep: false)
      let expected = order.flatMap { alone[$0].logProbs }
      #expect(bitDifference(together.logProbs, expected) == nil)
      #expect(bitDifference(together.entropies, order.flatMap { alone[$0].entropies }) == nil)
    }
  }

  @Test func aCompletionIsTheSameAloneAndBesideOthers() {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: false))
    let batch = TinyPolicy.batch([[5, 9, 3, 14, 1, 30]])
    let engine = TinyPolicy.engine(p.configuration)
    let together = engine.forward(p, batch, temperature: 1, keep: false)
    let alone = batch.questions[0].completions.flatMap { completion in
      engine.forward(
        p, TokenBatch([.init(prompt: batch.questions[0].prompt, completions: [completion])]),
        temperature: 1, keep: false
      ).logProbs
    }
    #expect(bitDifference(together.logProbs, alone) == nil)
  }

  /// What comes after a token changes nothing about it.
  @Test func aTokenDependsOnThoseBeforeItOnly() {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: false))
    let engine = TinyPolicy.engine(p.configuration)
    let batch = TinyPolicy.batch([[4, 20]])
    let whole = engine.forward(p, batch, temperature: 1, keep: false)
    for length in [1, 7, 15, 16, 19] {
      var cut = batch
      cut.questions[0].completions[0].tokens.removeLast(20 - length)
      let found = engine.forward(p, cut, temperature: 1, keep: false)
      #expect(bitDifference(found.logProbs, Array(whole.logProbs[..<length])) == nil)
    }
  }

  @Test(arguments: [false, true], [false, true]) func everyNumberOfThreadsGivesTheSameBits(
    tied: Bool, supported: Bool
  ) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
    let batch = TinyPolicy.batch(TinyPolicy.lengths, supported: supported)
    let one = outcome(p, batch, workers: 1)
    for workers in [2, 3] {
      let difference = outcome(p, batch, workers: workers).difference(one)
      #expect(difference == nil, "\(workers) threads")
    }
  }

  /// A prompt's only row is computed in the same call as the rows that attend to it.
  @Test func promptsOfOneTokenAreReadyBeforeTheirCompletions() {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: true))
    let batch = TinyPolicy.batch(.init(repeating: [1, 2, 2, 2, 2, 2, 2], count: 20))
    let expected = TinyPolicy.engine(p.configuration, workers: 1).forward(
      p, batch, temperature: 1, keep: false)
    for _ in 0..<10 {
      let found = TinyPolicy.engine(p.configuration, workers: 3).forward(
        p, batch, temperature: 1, keep: false)
      #expect(bitDifference(found.logProbs, expected.logProbs) == nil)
    }
  }

  @Test(arguments: [false, true]) func keptAndRecomputedActivationsGiveTheSameBits(tied: Bool) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
    let batch = TinyPolicy.batch(TinyPolicy.lengths)
    let difference = outcome(p, batch, keep: true).difference(outcome(p, batch, keep: false))
    #expect(difference == nil)
  }

  /// One micro-batch, a few, and one for each question.
  @Test(arguments: [false, true]) func theMemoryBudgetChangesNoBit(tied: Bool) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
    let batch = TinyPolicy.batch(TinyPolicy.lengths, supported: true)
    let all = outcome(p, batch)
    let bytesPerRow =
      Activations.bytesPerRow(p.configuration, .everything)
      + BackwardWorkspace.bytesPerRow(p.configuration)
    for rows in [0, 30, 60] {
      let engine = TinyPolicy.engine(p.configuration, activationBytes: rows * bytesPerRow)
      #expect(!engine.memory.canKeep(rows: 61) && engine.memory.canKeep(rows: rows))
      let forward = engine.forward(p, batch, temperature: 1, keep: true)
      #expect(forward.kept == nil)
      let difference = outcome(p, batch, activationBytes: rows * bytesPerRow).difference(all)
      #expect(difference == nil, "\(rows) rows")
    }
  }

  @Test func anEngineMayBeUsedAgain() {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: false))
    let engine = TinyPolicy.engine(p.configuration)
    let (small, large) = (
      TinyPolicy.batch([[3, 2]]), TinyPolicy.batch(TinyPolicy.lengths, seed: 9)
    )
    let expected = TinyPolicy.engine(p.configuration).forward(
      p, small, temperature: 1, keep: false)
    for keep in [false, true, false] {
      _ = engine.forward(p, large, temperature: 1, keep: keep)
      let found = engine.forward(p, small, temperature: 1, keep: keep)
      #expect(bitDifference(found.logProbs, expected.logProbs) == nil)
    }
  }

  /// Weights that are not finite leave no trace in what the same engine computes next, forward, back
  /// or along a tangent.
  @Test(arguments: [2, 6, 10, 16], [true, false]) func numbersLeftBehindDoNotMatter(
    headSize: Int, keep: Bool
  ) {
    let configuration = TinyPolicy.configuration(tied: false, headSize: headSize)
    let (good, bad) = (TinyPolicy.parameters(configuration), TinyPolicy.parameters(configuration))
    for tensor in bad.layout.tensors {
      bad.set(tensor, bad.values(tensor).map { _ in .nan })
    }
    let large = TinyPolicy.batch(TinyPolicy.lengths)
    let small = TokenBatch(Array(large.questions.prefix(3)))
    func outcome(_ p: Parameters, _ batch: TokenBatch, _ engine: Engine) -> [[Float]] {
      let forward = engine.forward(p, batch, temperature: 1, keep: keep)
      let (gradient, product) = (Parameters(configuration), Parameters(configuration))
      let ones = [Float](repeating: 1, count: batch.tokenCount)
      engine.backward(
        p, gradient: gradient, batch, TokenGradient(dLogProb: ones), temperature: 1,
        kept: forward.kept)
      engine.fisherProduct(
        p, tangent: p, into: product, batch, weights: ones, temperature: 1, kind: .exact,
        kept: forward.kept)
      return [forward.logProbs, gradient.flat, product.flat]
    }
    let expected = outcome(good, small, TinyPolicy.engine(configuration))
    let engine = TinyPolicy.engine(configuration)
    let broken = outcome(bad, large, engine)
    #expect(broken.allSatisfy { $0.contains(where: \.isNaN) })
    for (found, expected) in zip(outcome(good, small, engine), expected) {
      #expect(bitDifference(found, expected) == nil)
    }
  }

  @Test func nothingToScoreIsNoFault() {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: true))
    let engine = TinyPolicy.engine(p.configuration)
    for batch in [
      TokenBatch([]), TinyPolicy.batch([[3]]), TinyPolicy.batch([[3, 0], [1, 0, 0]]),
    ] {
      let forward = engine.forward(p, batch, temperature: 1, keep: true)
      #expect(forward.logProbs.isEmpty && forward.entropies.isEmpty)
      let gradient = Parameters(p.configuration)
      for kept in [forward.kept, nil] {
        engine.backward(
          p, gradient: gradient, batch, TokenGradient(dLogProb: []), temperature: 1, kept: kept)
      }
      #expect(gradient.flat.allSatisfy { $0 == 0 })
    }
  }
}
