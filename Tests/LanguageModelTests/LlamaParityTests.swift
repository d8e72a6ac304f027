import Formats
import Foundation
import Kernels
import LanguageModel
import TestSupport
import Testing

/// Logits, log-probs, entropies and every gradient against PyTorch in float64.
@Suite struct LlamaParityTests {
  struct Fixture {
    let model: Model
    let expected: Safetensors
    let ids: [[Int]]

    init(_ folder: URL) throws {
      model = try ModelDirectory.load(folder.path)
      let path = folder.appendingPathComponent("expected.safetensors").path
      let bytes = try Files.read(path, maximumBytes: 1 << 28)
      expected = try Safetensors(bytes: bytes, file: path)
      let tensor = try #require(expected.tensor(named: "input_ids"))
      // Whole numbers, none negative, little endian.
      let width = tensor.range.count / tensor.count
      let flat = (0..<tensor.count).map { i in
        bytes[(tensor.range.lowerBound + width * i)...].prefix(width).reversed()
          .reduce(0) { $0 << 8 | Int($1) }
      }
      let length = tensor.shape[1]
      ids = (0..<tensor.shape[0]).map { Array(flat[$0 * length..<($0 + 1) * length]) }
    }

    func floats(_ name: String) throws -> [Float] {
      try expected.floats(#require(expected.tensor(named: name)))
    }

    /// Each row of ids as a question: one token of prompt, the rest its completion.
    var batch: TokenBatch {
      TokenBatch(
        ids.map { .init(prompt: [$0[0]], completions: [.init(tokens: Array($0.dropFirst()))]) })
    }
  }

  static let folders = fixtureFolders("llama", bundle: .module)

  @Test(arguments: folders) func agreesWithPyTorch(folder: URL) throws {
    let fixture = try Fixture(folder)
    let configuration = fixture.model.configuration
    let engine = Engine(configuration, workers: Workers(count: 2), activationBytes: 1 << 30)
    let parameters = fixture.model.parameters

    // Logits and entropies of every position.
    let logits = try fixture.floats("logits")
    let scale = max(1, Double(logits.map(abs).max() ?? 0))
    let a = engine.memory.activations(
      .keysAndValues, rows: fixture.ids.count * fixture.ids[0].count,
      longest: fixture.ids[0].count)
    for row in fixture.ids { a.appendGroup(prompt: row, completions: 0) }
    engine.transformer.forward(parameters, a, from: 0)
    let found = Matrix(rows: a.rowCount, columns: configuration.vocabularySize)
    let entropies = FloatBuffer(count: a.rowCount)
    engine.head.forEachRow(parameters, a, rows: (0..<a.rowCount).map(Int32.init)) { i, row in
      for token in 0..<found.columns { found[i, token] = row.logits[row.index, token] }
      entropies[i] = Float(row.distribution(over: nil, temperature: 1).entropy)
    }
    var worst: [String: Double] = [:]
    func compare(_ name: String, _ expected: [Float], _ value: (Int) -> Float) {
      worst[name] =
        expected.indices.map { abs(Double(expected[$0]) - Double(value($0))) / scale }.max() ?? 0
    }
    compare("logits", logits) { found[$0 / found.columns, $0 % found.columns] }
    compare("entropy", try fixture.floats("entropy")) { entropies[$0] }

    // Log-probs, and the gradient of Σ coefficients · token_logprobs.
    let forward = engine.forward(parameters, fixture.batch, temperature: 1, keep: true)
    compare("token_logprobs", try fixture.floats("token_logprobs")) { forward.logProbs[$0] }
    let gradient = Parameters(configuration)
    engine.backward(
      parameters, gradient: gradient, fixture.batch,
      TokenGradient(dLogProb: try fixture.floats("coefficients")), temperature: 1,
      kept: forward.kept)
    var worstGradient = (name: "", error: 0.0)
    for tensor in gradient.layout.tensors {
      let expected = try fixture.floats("grad." + tensor.name)
      let error = relativeL2(gradient.values(tensor), expected)
      if error >= worstGradient.error { worstGradient = (tensor.name, error) }
      // PyTorch's own float32 reaches 9e-7; sums here run in one chain.
      #expect(error < 3e-6, "\(tensor.name): \(error)")
    }
    for (name, error) in worst { #expect(error < 2e-6, "\(name): \(error)") }
    print(
      "llama/\(folder.lastPathComponent): worst of logits, log-probs, entropies",
      (worst.values.max() ?? 0).formatted(), "· max|logit|; gradient",
      worstGradient.error.formatted(),
      "(\(worstGradient.name)); 0 cases left out")
  }

  @Test func thereAreFixtures() { #expect(!Self.folders.isEmpty) }

  private func relativeL2(_ found: [Float], _ expected: [Float]) -> Double {
    var (difference, norm) = (0.0, 0.0)
    for (a, b) in zip(found, expected) {
      difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
      norm += Double(b) * Double(b)
    }
    return (difference / norm).squareRoot()
  }
}

extension Double {
  fileprivate func formatted() -> String { String(format: "%.2e", self) }
}
