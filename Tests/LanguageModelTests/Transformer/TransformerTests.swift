import Kernels
import LanguageModel
import TestSupport
import Testing

/// One forward pass: with a cache, in chunks or whole, every row has the same bits.
@Suite struct TransformerTests {
  private struct Case {
    let engine: Engine
    let parameters: Parameters

    init(tied: Bool = false, workers: Int = 2) {
      parameters = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
      engine = TinyPolicy.engine(parameters.configuration, workers: workers)
    }

    func activations(_ retention: Activations.Retention, rows: Int) -> Activations {
      Activations(
        parameters.configuration, rowCapacity: rows, maximumLength: 64, retention: retention)
    }

    /// The logits of rows that the last forward call computed.
    func logits(_ a: Activations, rows: [Int], from first: Int) -> [Float] {
      let found = Matrix(rows: rows.count, columns: parameters.configuration.vocabularySize)
      engine.head.forEachRow(parameters, a, rows: rows.map(Int32.init), from: first) { i, row in
        for token in 0..<found.columns { found[i, token] = row.logits[row.index, token] }
      }
      return (0..<found.rows * found.columns).map { found[$0 / found.columns, $0 % found.columns] }
    }
  }

  private static let tokens = TinyPolicy.batch([[60]]).questions[0].prompt

  /// The logits after every token, computed in one call.
  private func whole(_ c: Case, _ tokens: [Int]) -> [Float] {
    let a = c.activations(.everything, rows: tokens.count)
    a.appendGroup(prompt: tokens, completions: 0)
    c.engine.transformer.forward(c.parameters, a, from: 0)
    return c.logits(a, rows: Array(tokens.indices), from: 0)
  }

  @Test(arguments: [Activations.Retention.everything, .keysAndValues])
  func oneTokenAtATimeIsTheSameAsAllAtOnce(retention: Activations.Retention) {
    let c = Case()
    let a = c.activations(retention, rows: 60)
    let group = a.appendGroup(prompt: Array(Self.tokens[..<1]), completions: 1)
    var found: [Float] = []
    for t in Self.tokens.indices {
      if t > 0 { a.append(Self.tokens[t], to: group.completions.lowerBound) }
      c.engine.transformer.forward(c.parameters, a, from: t)
      found += c.logits(a, rows: [t], from: t)
    }
    #expect(bitDifference(found, whole(c, Self.tokens)) == nil)
  }

  @Test(arguments: [1, 7, 16, 23, 59]) func aPromptMayComeInChunks(size: Int) {
    let c = Case(tied: true)
    let a = c.activations(.keysAndValues, rows: 60)
    let group = a.appendGroup(prompt: Array(Self.tokens[..<1]), completions: 1)
    c.engine.transformer.forward(c.parameters, a, from: 0)
    var found = c.logits(a, rows: [0], from: 0)
    for first in stride(from: 1, to: 60, by: size) {
      let chunk = first..<min(first + size, 60)
      for token in Self.tokens[chunk] { a.append(token, to: group.completions.lowerBound) }
      c.engine.transformer.forward(c.parameters, a, from: first)
      found += c.logits(a, rows: Array(chunk), from: first)
    }
    #expect(bitDifference(found, whole(c, Self.tokens)) == nil)
  }

  /// Completions of several questions advance together, and leave one by one.
  @Test(arguments: 1...3) func interleavedCompletionsAreTheSameAsSingleOnes(workers: Int) {
    let c = Case(workers: workers)
    let batch = TinyPolicy.batch([[5, 9, 3, 14], [1, 20, 1], [12, 7]])
    let a = c.activations(.keysAndValues, rows: 100)
    let groups = batch.questions.map {
      a.appendGroup(prompt: $0.prompt, completions: $0.completions.count)
    }
    c.engine.transformer.forward(c.parameters, a, from: 0)
    var found: [[[Float]]] = batch.questions.map { $0.completions.map { _ in [] } }
    for t in 0..<20 {
      let first = a.rowCount
      var rows: [(question: Int, completion: Int)] = []
      for (q, question) in batch.questions.enumerated() {
        for (i, completion) in question.completions.enumerated() where t < completion.tokens.count {
          a.append(completion.tokens[t], to: groups[q].completions.lowerBound + i)
          rows.append((q, i))
        }
      }
      c.engine.transformer.forward(c.parameters, a, from: first)
      let logits = c.logits(a, rows: Array(first..<a.rowCount), from: first)
      for (k, row) in rows.enumerated() {
        found[row.question][row.completion] += logits[k * 77..<(k + 1) * 77]
      }
    }
    for (q, question) in batch.questions.enumerated() {
      for (i, completion) in question.completions.enumerated() {
        let alone = whole(c, question.prompt + completion.tokens)
        let expected = Array(alone[(question.prompt.count * 77)...])
        #expect(bitDifference(found[q][i], expected) == nil, "question \(q), completion \(i)")
      }
    }
  }

  @Test(arguments: [false, true]) func logitsMatchTheReference(tied: Bool) {
    let c = Case(tied: tied)
    let reference = ReferenceModel(c.parameters.configuration, flat: c.parameters.flat.doubles)
    let expected = reference.logits(Self.tokens).flatMap { $0 }
    let scale = expected.reduce(1) { max($0, abs($1)) }
    for (a, b) in zip(whole(c, Self.tokens), expected) {
      #expect(abs(Double(a) - b) < 3e-6 * scale)
    }
  }
}
