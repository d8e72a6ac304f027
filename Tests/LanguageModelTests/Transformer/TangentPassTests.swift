import Kernels
import LanguageModel
import TestSupport
import Testing

@Suite struct TangentPassTests {
  /// A random tangent of every parameter.
  private func tangent(_ c: ModelConfiguration, seed: UInt64) -> Parameters {
    let tangent = Parameters(c)
    var rng = SplitMix64(seed: seed)
    for tensor in tangent.layout.tensors {
      tangent.set(tensor, .uniform(tensor.shape.reduce(1, *), using: &rng))
    }
    return tangent
  }

  private func stream(
    _ p: Parameters, along t: Parameters, _ prompt: [Int], workers: Int
  ) -> [[Float]] {
    let engine = TinyPolicy.engine(p.configuration, workers: workers)
    let a = engine.memory.activations(.everything, rows: prompt.count, longest: prompt.count)
    a.appendGroup(prompt: prompt, completions: 0)
    engine.transformer.forward(p, a, from: 0)
    let w = BackwardWorkspace(p, rowCapacity: prompt.count, workers: workers)
    let found = engine.transformer.tangent(p, along: t, a, w)
    return prompt.indices.map { row in (0..<found.columns).map { found[row, $0] } }
  }

  @Test(arguments: [false, true], [2, 10, 16]) func everyRowMatchesFiniteDifferences(
    tied: Bool, headSize: Int
  ) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied, headSize: headSize))
    let t = tangent(p.configuration, seed: 30)
    let prompt = TinyPolicy.batch([[23]]).questions[0].prompt
    let found = stream(p, along: t, prompt, workers: 2)
    let (x, direction, h) = (p.flat.doubles, t.flat.doubles, 1e-6)
    func reference(_ sign: Double) -> [[Double]] {
      ReferenceModel(
        p.configuration, flat: zip(x, direction).map { $0 + sign * h * $1 }
      ).stream(prompt)
    }
    for (row, (after, before)) in zip(reference(1), reference(-1)).enumerated() {
      let expected = zip(after, before).map { ($0 - $1) / (2 * h) }
      let scale = expected.reduce(1) { max($0, abs($1)) }
      // The forward pass is good to 3e-6, and its derivative takes as many products again.
      let error = zip(found[row], expected).map { abs(Double($0) - $1) }.max() ?? 0
      #expect(error < 1e-5 * scale, "row \(row)")
    }
  }

  /// One tensor at a time, so that a failure has a name.
  @Test func everyTensorsTangentMatchesFiniteDifferences() {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: false))
    let all = tangent(p.configuration, seed: 31)
    let prompt = TinyPolicy.batch([[9]]).questions[0].prompt
    for tensor in p.layout.tensors {
      let t = Parameters(p.configuration)
      t.set(tensor, all.values(tensor))
      let found = stream(p, along: t, prompt, workers: 1).flatMap { $0 }
      let (x, direction, h) = (p.flat.doubles, t.flat.doubles, 1e-6)
      func reference(_ sign: Double) -> [Double] {
        ReferenceModel(
          p.configuration, flat: zip(x, direction).map { $0 + sign * h * $1 }
        ).stream(prompt).flatMap { $0 }
      }
      let expected = zip(reference(1), reference(-1)).map { ($0 - $1) / (2 * h) }
      let scale = expected.reduce(1e-3) { max($0, abs($1)) }
      let error = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
      #expect(error < 1e-5 * scale, "\(tensor.name)")
      // What comes after the stream does not move it.
      let moves = tensor.name != "model.norm.weight" && tensor.name != "lm_head.weight"
      #expect(found.contains { $0 != 0 } == moves, "\(tensor.name)")
    }
  }

  @Test func everyNumberOfThreadsGivesTheSameBits() {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: true))
    let t = tangent(p.configuration, seed: 32)
    let prompt = TinyPolicy.batch([[60]]).questions[0].prompt
    let one = stream(p, along: t, prompt, workers: 1).flatMap { $0 }
    for workers in [2, 3] {
      let found = stream(p, along: t, prompt, workers: workers).flatMap { $0 }
      #expect(bitDifference(found, one) == nil)
    }
    // A row's tangent depends on the rows before it only.
    let short = stream(p, along: t, Array(prompt[..<17]), workers: 2).flatMap { $0 }
    #expect(bitDifference(short, Array(one[..<short.count])) == nil)
  }
}
