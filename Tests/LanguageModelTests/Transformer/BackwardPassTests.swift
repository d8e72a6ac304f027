import Kernels
import LanguageModel
import TestSupport
import Testing

/// The whole model's gradient against central differences of the reference in `Double`.
@Suite struct BackwardPassTests {
  struct Case {
    let parameters: Parameters
    let batch: TokenBatch
    let dLogProb, dEntropy: [Float]
    let gradient: Parameters

    init(tied: Bool, supported: Bool, times: Int = 1) {
      parameters = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
      batch = TinyPolicy.batch([[5, 4, 1, 0], [1, 2, 2], [3, 6]], supported: supported)
      var rng = SplitMix64(seed: 6)
      dLogProb = .uniform(batch.tokenCount, using: &rng)
      dEntropy = .uniform(batch.tokenCount, using: &rng)
      gradient = Parameters(parameters.configuration)
      let engine = TinyPolicy.engine(parameters.configuration)
      for _ in 0..<times {
        engine.backward(
          parameters, gradient: gradient, batch,
          TokenGradient(dLogProb: dLogProb, dEntropy: dEntropy), temperature: 0.7, kept: nil)
      }
    }

    func objective(_ flat: [Double]) -> Double {
      let reference = ReferenceModel(parameters.configuration, flat: flat)
      let (logProbs, entropies) = reference.score(batch, temperature: Double(Float(0.7)))
      return logProbs.indices.reduce(0) {
        $0 + Double(dLogProb[$1]) * logProbs[$1] + Double(dEntropy[$1]) * entropies[$1]
      }
    }

    /// ⟨gradient, t⟩ against the derivative along t, for a random t over the numbers in `range`, in
    /// units of what such a product is expected to be: t's numbers have variance 1/3.
    func error(_ range: Range<Int>, seed: UInt64) -> Double {
      var rng = SplitMix64(seed: seed)
      var tangent = [Double](repeating: 0, count: parameters.flat.count)
      tangent.replaceSubrange(range, with: [Double].uniform(range.count, using: &rng))
      // Along all numbers at once the objective bends hard: 40,000 of them move together.
      let numerical = directionalDerivative(
        of: objective, at: parameters.flat.doubles, along: tangent, step: 1e-6)
      let analytical = zip(gradient.flat, tangent).reduce(0) { $0 + Double($1.0) * $1.1 }
      let squares = gradient.flat[range].reduce(0) { $0 + Double($1) * Double($1) }
      return abs(numerical - analytical) / (squares / 3).squareRoot()
    }
  }

  // The engine's gradient is within 3e-6 of float64 in the norm (`LlamaParityTests`), and so is its
  // product with a random direction, give or take a factor; the differences are good to 1e-7.

  @Test(arguments: [false, true], [false, true]) func theFlatGradientMatchesFiniteDifferences(
    tied: Bool, supported: Bool
  ) {
    let c = Case(tied: tied, supported: supported)
    for seed: UInt64 in 1...3 {
      let error = c.error(0..<c.gradient.flat.count, seed: seed)
      #expect(error < 1e-5, "direction \(seed)")
    }
  }

  @Test(arguments: [false, true]) func everyTensorsGradientMatchesFiniteDifferences(tied: Bool) {
    let c = Case(tied: tied, supported: false)
    var start = 0
    for tensor in c.gradient.layout.tensors {
      let count = tensor.shape.reduce(1, *)
      let error = c.error(start..<start + count, seed: UInt64(start))
      #expect(error < 1e-5, "\(tensor.name)")
      start += count
    }
  }

  @Test func backwardAccumulates() {
    let (once, twice) = (
      Case(tied: true, supported: false), Case(tied: true, supported: false, times: 2)
    )
    let scale = once.gradient.flat.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(once.gradient.flat, twice.gradient.flat) {
      #expect(abs(2 * a - b) < 2e-6 * scale)
    }
  }

  /// The lanes past a tensor's end belong to the flat buffer that the optimizer and the gradient's
  /// norm run over.
  @Test(arguments: [false, true]) func paddingStaysZero(tied: Bool) {
    let c = Case(tied: tied, supported: true)
    let all = (0..<c.gradient.buffer.count).reduce(0.0) { $0 + abs(Double(c.gradient.buffer[$1])) }
    let named = c.gradient.flat.reduce(0.0) { $0 + abs(Double($1)) }
    #expect(relativeError(all, named) < 1e-12)
  }
}
