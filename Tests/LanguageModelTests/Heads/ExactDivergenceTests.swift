import Kernels
import LanguageModel
import TestSupport
import Testing

/// Exact divergences from other policies, forward and back, through the whole engine.
@Suite struct ExactDivergenceTests {
  private static let temperature: Float = 0.7

  /// A policy and two that differ from it: one close by, one of other weights altogether.
  private struct Case {
    let policy, old, reference: Parameters
    let batch: TokenBatch

    init(tied: Bool = false, supported: Bool = false, lengths: [[Int]] = TinyPolicy.lengths) {
      let configuration = TinyPolicy.configuration(tied: tied)
      policy = TinyPolicy.parameters(configuration)
      reference = TinyPolicy.parameters(configuration, seed: 5)
      old = Parameters(configuration)
      var rng = SplitMix64(seed: 12)
      for tensor in old.layout.tensors {
        let values = policy.values(tensor)
        old.set(
          tensor, zip(values, [Float].uniform(values.count, using: &rng)).map { $0 + 0.02 * $1 })
      }
      batch = TinyPolicy.batch(lengths, supported: supported)
    }

    func engine(workers: Int = 2, activationBytes: Int = 1 << 30) -> Engine {
      TinyPolicy.engine(
        policy.configuration, workers: workers, activationBytes: activationBytes)
    }

    func forward(
      _ engine: Engine, _ direction: Divergence, _ other: Divergence, keep: Bool = false
    ) -> Engine.Forward {
      engine.forward(
        policy, batch, temperature: temperature, keep: keep,
        old: ExactDivergence(engine.hiddenStates(old, batch), direction),
        reference: ExactDivergence(engine.hiddenStates(reference, batch), other))
    }
  }

  private func model(_ p: Parameters) -> ReferenceModel {
    ReferenceModel(p.configuration, flat: p.flat.doubles)
  }

  @Test(arguments: [false, true], [false, true]) func bothDirectionsMatchTheReference(
    tied: Bool, supported: Bool
  ) {
    let c = Case(tied: tied, supported: supported)
    let (policy, old, reference) = (model(c.policy), model(c.old), model(c.reference))
    func expect(_ found: [Float]?, _ expected: [Double], _ name: String) {
      #expect(found?.count == expected.count)
      // Logits of 30 have a last bit of 2e-6, which a divergence meets times log-ratios of up to 60.
      let errors = zip(found ?? [], expected).map { abs(Double($0) - $1) / max(1, $1) }
      #expect((errors.max() ?? 0) < 3e-5, "\(name)")
    }
    let t = Double(Self.temperature)
    let ppo = c.forward(c.engine(), .otherToPolicy, .policyToOther)
    expect(ppo.klOld, old.divergences(from: policy, c.batch, temperature: t), "KL(old‖π)")
    expect(
      ppo.klReference, policy.divergences(from: reference, c.batch, temperature: t), "KL(π‖ref)")
    let reverse = c.forward(c.engine(), .policyToOther, .otherToPolicy)
    expect(reverse.klOld, policy.divergences(from: old, c.batch, temperature: t), "KL(π‖old)")
    expect(
      reverse.klReference, reference.divergences(from: policy, c.batch, temperature: t),
      "KL(ref‖π)")
    // The directions are far apart where the policies are, so a swap would show above.
    let differences = zip(ppo.klReference ?? [], reverse.klReference ?? []).map { abs($0 - $1) }
    #expect((differences.max() ?? 0) > 0.3)
  }

  @Test(arguments: [Divergence.otherToPolicy, .policyToOther], [false, true])
  func anIdenticalPolicyIsAtZeroWithoutGradient(direction: Divergence, supported: Bool) {
    let c = Case(supported: supported)
    let engine = c.engine()
    let same = ExactDivergence(engine.hiddenStates(c.policy, c.batch), direction)
    let forward = engine.forward(
      c.policy, c.batch, temperature: Self.temperature, keep: false, old: same)
    #expect(forward.klOld == .init(repeating: 0, count: c.batch.tokenCount))
    #expect(forward.klReference == nil)
    let gradient = Parameters(c.policy.configuration)
    engine.backward(
      c.policy, gradient: gradient, c.batch,
      TokenGradient(dKLOld: .init(repeating: 1, count: c.batch.tokenCount)),
      temperature: Self.temperature,
      old: same, kept: nil)
    #expect(gradient.flat.allSatisfy { $0 == 0 })
  }

  @Test(arguments: [false, true], [false, true]) func gradientsMatchFiniteDifferences(
    tied: Bool, supported: Bool
  ) {
    let c = Case(tied: tied, supported: supported, lengths: [[5, 4, 1, 0], [1, 2, 2], [3, 6]])
    let (old, reference) = (model(c.old), model(c.reference))
    var rng = SplitMix64(seed: 7)
    let d = (0..<4).map { _ in [Float].uniform(c.batch.tokenCount, using: &rng) }
    let t = Double(Self.temperature)
    for (direction, other): (Divergence, Divergence) in [
      (.otherToPolicy, .policyToOther), (.policyToOther, .otherToPolicy),
    ] {
      let engine = c.engine()
      let gradient = Parameters(c.policy.configuration)
      engine.backward(
        c.policy, gradient: gradient, c.batch,
        TokenGradient(dLogProb: d[0], dEntropy: d[1], dKLOld: d[2], dKLReference: d[3]),
        temperature: Self.temperature,
        old: ExactDivergence(engine.hiddenStates(c.old, c.batch), direction),
        reference: ExactDivergence(engine.hiddenStates(c.reference, c.batch), other), kept: nil)
      func divergences(
        _ policy: ReferenceModel, _ other: ReferenceModel, _ direction: Divergence
      ) -> [Double] {
        direction == .otherToPolicy
          ? other.divergences(from: policy, c.batch, temperature: t)
          : policy.divergences(from: other, c.batch, temperature: t)
      }
      let error = directionError(of: gradient, at: c.policy) { flat in
        let policy = ReferenceModel(c.policy.configuration, flat: flat)
        let (logProbs, entropies) = policy.score(c.batch, temperature: t)
        let terms = [
          logProbs, entropies, divergences(policy, old, direction),
          divergences(policy, reference, other),
        ]
        return zip(d, terms).reduce(0) { sum, term in
          sum + zip(term.0, term.1).reduce(0) { $0 + Double($1.0) * $1.1 }
        }
      }
      #expect(error < 1e-5, "\(direction)")
    }
  }

  @Test(arguments: [false, true]) func everyNumberOfThreadsAndMicroBatchesGivesTheSameBits(
    tied: Bool
  ) {
    let c = Case(tied: tied, supported: true)
    let bytesPerRow =
      Activations.bytesPerRow(c.policy.configuration, .everything)
      + BackwardWorkspace.bytesPerRow(c.policy.configuration)
    func outcome(workers: Int, rows: Int, keep: Bool) -> [Float] {
      let engine = c.engine(workers: workers, activationBytes: rows * bytesPerRow)
      let old = ExactDivergence(engine.hiddenStates(c.old, c.batch), .otherToPolicy)
      let reference = ExactDivergence(engine.hiddenStates(c.reference, c.batch), .policyToOther)
      let forward = engine.forward(
        c.policy, c.batch, temperature: Self.temperature, keep: keep, old: old,
        reference: reference)
      let gradient = Parameters(c.policy.configuration)
      var rng = SplitMix64(seed: 8)
      engine.backward(
        c.policy, gradient: gradient, c.batch,
        TokenGradient(
          dLogProb: .uniform(c.batch.tokenCount, using: &rng),
          dKLOld: .uniform(c.batch.tokenCount, using: &rng),
          dKLReference: .uniform(c.batch.tokenCount, using: &rng)), temperature: Self.temperature,
        old: old, reference: reference, kept: forward.kept)
      return (forward.klOld ?? []) + (forward.klReference ?? []) + forward.logProbs + gradient.flat
    }
    let expected = outcome(workers: 1, rows: 1000, keep: true)
    #expect(expected.count > 3 * c.batch.tokenCount)
    for (workers, rows, keep) in [
      (2, 1000, true), (3, 1000, false), (1, 30, false), (2, 60, true), (3, 0, false),
    ] {
      let found = outcome(workers: workers, rows: rows, keep: keep)
      #expect(bitDifference(found, expected) == nil, "\(workers) threads, \(rows) rows")
    }
  }

  /// What was kept spares the layers, not the heads.
  @Test func keptActivationsGiveTheSameBits() {
    let c = Case()
    let engine = c.engine()
    let old = ExactDivergence(engine.hiddenStates(c.old, c.batch), .otherToPolicy)
    let first = engine.forward(
      c.policy, c.batch, temperature: Self.temperature, keep: true, old: old)
    let again = engine.forward(
      c.policy, c.batch, temperature: Self.temperature, keep: true, kept: first.kept, old: old)
    let kept = first.kept?.activations(under: c.policy)
    #expect(kept != nil && again.kept?.activations(under: c.policy) === kept)
    #expect(bitDifference(again.logProbs, first.logProbs) == nil)
    #expect(bitDifference(again.klOld ?? [], first.klOld ?? []) == nil)
  }

  @Test func nothingToCompareIsNoFault() {
    let c = Case(lengths: [[3], [2, 0]])
    let forward = c.forward(c.engine(), .otherToPolicy, .policyToOther)
    #expect(forward.klOld == [] && forward.klReference == [])
  }
}
