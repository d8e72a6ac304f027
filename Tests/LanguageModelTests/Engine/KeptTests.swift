import Kernels
import LanguageModel
import TestSupport
import Testing

@Suite struct KeptTests {
  private let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: true))
  private let batch = TinyPolicy.batch(TinyPolicy.lengths)

  private func engine() -> Engine { TinyPolicy.engine(p.configuration) }

  @Test func itHoldsWhileNothingIsWritten() throws {
    let engine = engine()
    let kept = try #require(engine.forward(p, batch, temperature: 1, keep: true).kept)
    let held = try #require(kept.activations(under: p))
    #expect(held.rowCount == 93)
    // Reading, and passes that keep nothing, leave it as it is.
    _ = engine.forward(p, batch, temperature: 1, keep: false)
    let gradient = Parameters(p.configuration)
    engine.backward(p, gradient: gradient, batch, TokenGradient(), temperature: 1, kept: kept)
    #expect(kept.activations(under: p) === held)
  }

  @Test func itFallsWithAnyWriteOfTheParameters() throws {
    let (engine, workers) = (engine(), Workers(count: 1))
    let other = Parameters(p.configuration, seed: 9)
    let writes: [() -> Void] = [
      { p.buffer.copy(from: other.buffer) },
      { p.buffer.add(other.buffer, times: 0, workers: workers) },
      { p.set(p.layout.tensors[1], p.values(p.layout.tensors[1])) },
      { p.buffer.fill() },
    ]
    for write in writes {
      let kept = engine.forward(p, batch, temperature: 1, keep: true).kept
      #expect(kept?.activations(under: p) != nil)
      write()
      #expect(kept?.activations(under: p) == nil)
    }
  }

  @Test func itIsOfNoOtherParameters() {
    // Written as often.
    let other = TinyPolicy.parameters(p.configuration)
    let kept = engine().forward(p, batch, temperature: 1, keep: true).kept
    #expect(kept?.activations(under: p) != nil && kept?.activations(under: other) == nil)
  }

  @Test func itFallsWithEveryChangeOfTheActivations() {
    let transformer = Transformer(p.configuration, workers: Workers(count: 1))
    let a = Activations(
      p.configuration, rowCapacity: 30, maximumLength: 16, retention: .everything)
    let changes: [(Activations) -> Void] = [
      { $0.appendGroup(prompt: [1, 2], completions: 1) }, { $0.append(3, to: 1) },
      { transformer.forward(p, $0, from: 2) }, { $0.removeAll() },
    ]
    for change in changes {
      let kept = Kept(a, of: p)
      #expect(kept.activations(under: p) === a)
      change(a)
      #expect(kept.activations(under: p) == nil)
    }
  }

  /// Every pass that could take over what was kept: with what holds no longer, its bits are those of
  /// a pass without.
  @Test func aPassWithWhatHoldsNoLongerComputesItAgain() throws {
    let other = TinyPolicy.batch([[7, 3, 3], [2, 9]], seed: 11)
    let head = ScalarHead(p.configuration)
    head.set((0..<36).map { Float($0 % 5) - 2 })
    let ones = [Float](repeating: 1, count: batch.tokenCount)
    func outcomes(_ engine: Engine, kept: () -> Kept?) -> [[Float]] {
      let (gradient, product) = (Parameters(p.configuration), Parameters(p.configuration))
      let forward = engine.forward(p, batch, temperature: 1, keep: false, kept: kept())
      let values = engine.forward(
        p, batch, temperature: 1, keep: false, kept: kept(), values: head
      ).values
      engine.backward(
        p, gradient: gradient, batch, TokenGradient(dLogProb: ones), temperature: 1, kept: kept())
      engine.fisherProduct(
        p, tangent: p, into: product, batch, weights: ones, temperature: 1, kind: .sampled,
        kept: kept())
      return [forward.logProbs, values ?? [], gradient.flat, product.flat]
    }
    let expected = outcomes(engine()) { nil }
    #expect(expected[1].contains { $0 != 0 })
    let engine = engine()
    let found = outcomes(engine) {
      let kept = engine.forward(p, batch, temperature: 1, keep: true).kept
      // Another part takes the memory.
      _ = engine.forward(p, other, temperature: 1, keep: true)
      return kept
    }
    for (found, expected) in zip(found, expected) {
      #expect(bitDifference(found, expected) == nil)
    }
  }
}
