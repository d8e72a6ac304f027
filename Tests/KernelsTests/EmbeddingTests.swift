import Kernels
import TestSupport
import Testing

@Suite struct EmbeddingTests {
  static let shapes = [
    (vocabulary: 1, channels: 1, rows: 1), (77, 36, 9), (16, 16, 40), (33, 5, 3), (40, 21, 7),
  ]

  private struct Case {
    let table: PackedWeight
    let tokens: [Int32]
    let dx: Matrix

    init(_ vocabulary: Int, _ channels: Int, _ rows: Int) {
      var rng = SplitMix64(seed: 41)
      table = PackedWeight(.uniform(vocabulary * channels, using: &rng), inputs: channels)
      tokens = (0..<rows).map { _ in .random(in: 0..<Int32(vocabulary), using: &rng) }
      dx = Matrix(.uniform(rows * channels, using: &rng), columns: channels)
    }

    func backward(
      index: [Int32]? = nil, split: Int? = nil, times: Int = 1, from start: Float = 0
    ) -> PackedWeight {
      let count = table.outputs * table.inputs
      let gradient = PackedWeight(.init(repeating: start, count: count), inputs: table.inputs)
      for _ in 0..<times {
        for first in stride(from: 0, to: table.inputs, by: split ?? table.inputs) {
          Embedding.backward(
            gradient, dx: dx, tokens: tokens, index: index ?? Array(0..<Int32(tokens.count)),
            columns: first..<min(first + (split ?? table.inputs), table.inputs))
        }
      }
      return gradient
    }
  }

  @Test(arguments: shapes) func forwardTakesTheRowsOfTheTable(
    vocabulary: Int, channels: Int, rows: Int
  ) {
    let c = Case(vocabulary, channels, rows)
    let x = Matrix(rows: rows + 2, columns: channels)
    Embedding.forward(x, first: 2, table: c.table, tokens: c.tokens[...])
    let expected =
      [Float](repeating: 0, count: 2 * channels)
      + c.tokens.flatMap { token in (0..<channels).map { c.table[Int(token), $0] } }
    #expect(bitDifference(x.values, expected) == nil)
    #expect(x.paddingIsZero)
  }

  @Test(arguments: shapes) func backwardMatchesFiniteDifferences(
    vocabulary: Int, channels: Int, rows: Int
  ) {
    let c = Case(vocabulary, channels, rows)
    let (dx, tokens) = (c.dx.values.doubles, c.tokens.map(Int.init))
    let error = gradientError(
      of: { table in
        dx.indices.reduce(0) {
          $0 + dx[$1] * table[tokens[$1 / channels] * channels + $1 % channels]
        }
      }, at: c.table.values, gradient: c.backward().values)
    #expect(error < 1e-4)
  }

  /// The order of the index is the order of the sum, from what the gradient held before.
  @Test func backwardAddsRowsInTheOrderOfTheIndex() {
    let c = Case(3, 21, 40)
    let index: [Int32] = [39, 0, 1, 7, 20, 5, 6, 3]
    var expected = [Float](repeating: 0.3, count: 3 * 21)
    for row in index.map(Int.init) {
      for channel in 0..<21 { expected[Int(c.tokens[row]) * 21 + channel] += c.dx[row, channel] }
    }
    #expect(bitDifference(c.backward(index: index, from: 0.3).values, expected) == nil)
  }

  @Test func backwardAccumulates() {
    let c = Case(77, 36, 5)
    let (once, twice) = (c.backward().values, c.backward(times: 2).values)
    #expect(worstError(twice, once.map { 2 * Double($0) }) < 2e-7)
  }

  @Test func columnsMayBeSplit() {
    let c = Case(40, 36, 60)
    let whole = c.backward()
    for split in [1, 7, 16] {
      #expect(bitDifference(c.backward(split: split).values, whole.values) == nil)
    }
    #expect(whole.paddingIsZero)
  }

  @Test(arguments: shapes) func theTablesTangentMatchesTheTranspose(
    vocabulary: Int, channels: Int, rows: Int
  ) {
    let c = Case(vocabulary, channels, rows)
    var rng = SplitMix64(seed: 42)
    let t: [Float] = .uniform(vocabulary * channels, using: &rng)
    let tx = Matrix(rows: rows, columns: channels)
    Embedding.forward(
      tx, first: 0, table: PackedWeight(t, inputs: channels), tokens: c.tokens[...])
    let error = transposeError(
      dy: c.dx.values, tangent: tx.values, gradient: c.backward().values, along: t)
    #expect(error < 1e-6)
  }
}
