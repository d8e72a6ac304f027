import Formats
import Kernels
import LanguageModel
import TestSupport
import Testing

@Suite struct ScalarHeadTests {
  private struct Case {
    let parameters: Parameters
    let head: ScalarHead
    let batch: TokenBatch
    let dValue: [Float]

    init(tied: Bool = false, lengths: [[Int]] = TinyPolicy.lengths) {
      parameters = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
      head = ScalarHead(parameters.configuration)
      var rng = SplitMix64(seed: 20)
      head.set(.uniform(36, using: &rng))
      batch = TinyPolicy.batch(lengths)
      dValue = .uniform(batch.tokenCount, using: &rng)
    }

    /// The gradient of Σ dValue·value, of the transformer and of a fresh head with the same weights.
    func backward(
      workers: Int = 2, activationBytes: Int = 1 << 30, times: Int = 1, dLogProb: [Float]? = nil
    ) -> (gradient: Parameters, dhead: [Float]) {
      let engine = TinyPolicy.engine(
        parameters.configuration, workers: workers, activationBytes: activationBytes)
      let own = ScalarHead(parameters.configuration)
      own.set(head.values)
      let gradient = Parameters(parameters.configuration)
      for _ in 0..<times {
        engine.backward(
          parameters, gradient: gradient, batch,
          TokenGradient(dLogProb: dLogProb, dValue: dValue), temperature: 0.7, values: own,
          kept: nil)
      }
      return (gradient, (0..<36).map { own.gradient[0, $0] })
    }
  }

  @Test(arguments: [false, true]) func valuesMatchTheReference(tied: Bool) {
    let c = Case(tied: tied)
    let engine = TinyPolicy.engine(c.parameters.configuration)
    let model = ReferenceModel(c.parameters.configuration, flat: c.parameters.flat.doubles)
    let expected = model.values(c.batch, weight: c.head.values.doubles)
    let forward = engine.forward(
      c.parameters, c.batch, temperature: 1, keep: false, values: c.head)
    #expect(forward.values?.count == expected.count)
    // The normed row is good to 3e-6, and 36 of its numbers are added.
    let errors = zip(forward.values ?? [], expected).map { abs(Double($0) - $1) }
    #expect((errors.max() ?? 0) < 3e-5)
    // A transformer of its own needs no logits, and says the same.
    let alone = engine.values(c.parameters, c.batch, c.head, keep: true)
    #expect(alone.kept != nil && bitDifference(alone.values, forward.values ?? []) == nil)
  }

  /// A prompt's last row is the state before the first token of each of its completions.
  @Test func firstTokensOfAQuestionShareAValue() {
    let c = Case(lengths: [[4, 2, 3, 1]])
    let values = TinyPolicy.engine(c.parameters.configuration).values(
      c.parameters, c.batch, c.head, keep: false
    ).values
    #expect(values[0] == values[2] && values[0] == values[5] && values[0] != values[1])
  }

  @Test(arguments: [false, true]) func gradientsMatchFiniteDifferences(tied: Bool) {
    let c = Case(tied: tied, lengths: [[5, 4, 1, 0], [1, 2, 2], [3, 6]])
    var rng = SplitMix64(seed: 21)
    let dLogProb = [Float].uniform(c.batch.tokenCount, using: &rng)
    for onTrunk in [false, true] {
      let (gradient, dhead) = c.backward(dLogProb: onTrunk ? dLogProb : nil)
      func objective(_ flat: [Double], _ weight: [Double]) -> Double {
        let model = ReferenceModel(c.parameters.configuration, flat: flat)
        let values = dotted(c.dValue, model.values(c.batch, weight: weight))
        guard onTrunk else { return values }
        let logProbs = model.score(c.batch, temperature: Double(Float(0.7))).logProbs
        return values + dotted(dLogProb, logProbs)
      }
      let weight = c.head.values.doubles
      let error = directionError(of: gradient, at: c.parameters) { objective($0, weight) }
      #expect(error < 1e-5)
      let flat = c.parameters.flat.doubles
      let t = [Double].uniform(36, using: &rng)
      let numerical = directionalDerivative(
        of: { objective(flat, $0) }, at: weight, along: t, step: 1e-4)
      #expect(relativeError(dotted(dhead, t), numerical) < 1e-5)
    }
  }

  @Test func aValueAloneLeavesTheTokenHeadUntouched() {
    let c = Case()
    let (gradient, dhead) = c.backward()
    for tensor in gradient.layout.tensors {
      let moved = gradient.values(tensor).contains { $0 != 0 }
      #expect(moved == (tensor.name != "lm_head.weight"), "\(tensor.name)")
    }
    #expect(dhead.allSatisfy { $0 != 0 })
  }

  @Test func backwardAccumulates() {
    let c = Case()
    let (once, twice) = (c.backward(), c.backward(times: 2))
    let found = twice.gradient.flat + twice.dhead
    let expected = once.gradient.flat + once.dhead
    let scale = expected.reduce(0) { max($0, abs($1)) }
    for (a, b) in zip(found, expected) { #expect(abs(a - 2 * b) < 2e-6 * scale) }
  }

  @Test func everyNumberOfThreadsAndMicroBatchesGivesTheSameBits() {
    let c = Case(tied: true)
    let expected = c.backward(workers: 1)
    for (workers, bytes) in [(2, 1 << 30), (3, 1 << 30), (1, 0), (2, 100_000), (3, 0)] {
      let found = c.backward(workers: workers, activationBytes: bytes)
      #expect(bitDifference(found.gradient.flat, expected.gradient.flat) == nil)
      #expect(bitDifference(found.dhead, expected.dhead) == nil)
      let values = TinyPolicy.engine(
        c.parameters.configuration, workers: workers, activationBytes: bytes
      ).values(c.parameters, c.batch, c.head, keep: true).values
      let whole = TinyPolicy.engine(c.parameters.configuration, workers: 1).values(
        c.parameters, c.batch, c.head, keep: true
      ).values
      #expect(bitDifference(values, whole) == nil)
    }
  }

  /// The optimizer runs over flat memory, lanes past the one output included.
  @Test func paddingStaysZero() {
    let c = Case()
    let buffer = c.head.weight.buffer
    let all = (0..<buffer.count).reduce(Float(0)) { $0 + abs(buffer[$1]) }
    #expect(buffer.count % 16 == 0)
    #expect(abs(all - c.head.values.reduce(0) { $0 + abs($1) }) < 1e-5)
  }

  @Test func itsTensorIsReadFromAFile() throws {
    let c = Case()
    let file = try Safetensors(
      bytes: Safetensors.encode([("score.weight", [1, 36], c.head.values)]),
      file: "score.safetensors")
    let read = ScalarHead(c.parameters.configuration)
    #expect(read.values.allSatisfy { $0 == 0 })
    try read.load(file)
    #expect(bitDifference(read.values, c.head.values) == nil)
  }

  @Test(arguments: [
    ("weight", [1, 36], Float(1), "missing tensor score.weight"),
    ("score.weight", [36], 1, "shape [36] (need [1, 36])"),
    ("score.weight", [1, 36], .nan, "not finite at flat index 0"),
  ]) func aFileOfAnotherKindIsRefused(
    name: String, shape: [Int], value: Float, message: String
  ) throws {
    let values = [Float](repeating: value, count: 36)
    let file = try Safetensors(
      bytes: Safetensors.encode([(name: name, shape: shape, values: values)], metadata: []),
      file: "score.safetensors")
    let error = #expect(throws: FormatError.self) { try Case().head.load(file) }
    #expect(error.map { "\($0)" }?.contains(message) == true)
  }

  private func dotted(_ a: [Float], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * $1.1 }
  }
}
