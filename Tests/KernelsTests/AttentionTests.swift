import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct AttentionTests {
  static let shapes = [
    (heads: 1, keyValueHeads: 1, headSize: 2), (6, 2, 6), (4, 1, 8), (2, 2, 16), (4, 2, 20),
    (3, 3, 32), (2, 1, 64), (2, 2, 128), (3, 1, 10), (5, 5, 1), (2, 1, 50), (1, 1, 127),
  ]

  /// Questions whose prompts have the first lengths, each with completions of the further lengths.
  static let questions = [[5, 3, 0, 17], [1, 1], [19, 2, 30]]

  @Test(arguments: shapes) func forwardMatchesTheEquation(
    heads: Int, keyValueHeads: Int, headSize: Int
  ) {
    let c = AttentionCase(heads, keyValueHeads, headSize)
    let expected = c.reference(c.q.values.doubles, c.k.values.doubles, c.v.values.doubles)
    #expect(worstError(c.forward().out.values, expected) < 1e-6)
  }

  @Test(arguments: shapes) func backwardMatchesFiniteDifferences(
    heads: Int, keyValueHeads: Int, headSize: Int
  ) {
    let c = AttentionCase(heads, keyValueHeads, headSize)
    let d = c.backward()
    let (queries, keys) = (c.q.values.count, c.k.values.count)
    let error = gradientError(
      of: { p in
        dot(
          c.dout.values,
          c.reference(
            Array(p[..<queries]), Array(p[queries..<queries + keys]), Array(p.suffix(keys))))
      }, at: c.q.values + c.k.values + c.v.values,
      gradient: d.dq.values + d.dk.values + d.dv.values)
    #expect(error < 1e-4)
  }

  /// The query's gradient is one addition, so twice is exact; the others are chains.
  @Test(arguments: [(6, 2, 6), (4, 2, 20), (2, 2, 16)]) func backwardAccumulates(
    heads: Int, keyValueHeads: Int, headSize: Int
  ) {
    let c = AttentionCase(heads, keyValueHeads, headSize)
    let (once, twice) = (c.backward(), c.backward(times: 2))
    #expect(bitDifference(twice.dq.values, once.dq.values.map { 2 * $0 }) == nil)
    #expect(worstError(twice.dk.values, once.dk.values.map { 2 * Double($0) }) < 1e-6)
    #expect(worstError(twice.dv.values, once.dv.values.map { 2 * Double($0) }) < 1e-6)
    #expect(twice.dq.paddingIsZero && twice.dk.paddingIsZero && twice.dv.paddingIsZero)
  }

  /// Where a row is stored, and what lies beside it, changes no bit forward or back.
  @Test(arguments: shapes) func storageOrderChangesNoBit(
    heads: Int, keyValueHeads: Int, headSize: Int
  ) {
    let plain = AttentionCase(heads, keyValueHeads, headSize)
    let (expected, gradients) = (plain.forward(), plain.backward())
    for order in [AttentionCase.Order.byPosition, .reversedQuestions] {
      let c = AttentionCase(heads, keyValueHeads, headSize, order: order)
      let (out, d) = (c.forward(), c.backward())
      for (name, found, expected) in [
        ("out", out.out, expected.out), ("statistics", out.statistics, expected.statistics),
        ("dq", d.dq, gradients.dq), ("dk", d.dk, gradients.dk), ("dv", d.dv, gradients.dv),
      ] {
        let difference = bitDifference(c.canonical(found), plain.canonical(expected))
        #expect(difference == nil, "\(name), stored \(order)")
      }
    }
  }

  @Test(arguments: [(6, 2, 6), (3, 1, 10), (2, 1, 64)]) func aRowIsTheSameAloneAndInAnyBatch(
    heads: Int, keyValueHeads: Int, headSize: Int
  ) {
    let c = AttentionCase(heads, keyValueHeads, headSize)
    let together = c.forward()
    for row in 0..<c.q.rows {
      // Queries and results counted from the row itself, as a sampler does.
      let alone = c.forward(rows: row..<row + 1)
      let width = heads * headSize
      #expect(alone.out.values == Array(together.out.values[row * width..<(row + 1) * width]))
      #expect(
        alone.statistics.values
          == Array(together.statistics.values[row * 2 * heads..<(row + 1) * 2 * heads]))
    }
  }

  @Test func oneKeyGivesItsValue() {
    let c = AttentionCase(6, 2, 6, questions: [[1]])
    let out = c.forward().out
    for head in 0..<6 {
      for i in 0..<6 { #expect(out[0, head * 6 + i] == c.v[0, head / 3 * 6 + i]) }
    }
  }

  /// Scores of thousands: the largest wins, nothing overflows.
  @Test func farScoresStayFinite() {
    let c = AttentionCase(2, 1, 8, questions: [[40]])
    for i in 0..<c.q.values.count { c.q[i / 16, i % 16] *= 1000 }
    for i in 0..<c.k.values.count { c.k[i / 8, i % 8] *= 10 }
    let expected = c.reference(c.q.values.doubles, c.k.values.doubles, c.v.values.doubles)
    // A score of 10⁴ is rounded by 5e-4, and with it the weights.
    #expect(worstError(c.forward().out.values, expected) < 1e-2)
    let d = c.backward()
    #expect((d.dq.values + d.dk.values + d.dv.values).allSatisfy { $0.isFinite })
  }

  @Test(arguments: shapes) func tangentMatchesDifferencesAndTheTranspose(
    heads: Int, keyValueHeads: Int, headSize: Int
  ) {
    let c = AttentionCase(heads, keyValueHeads, headSize)
    let t = c.tangents()
    let along = t.tq.values + t.tk.values + t.tv.values
    let tangent = c.tangent(t)
    let (queries, keys) = (c.q.values.count, c.k.values.count)
    let differences = tangentError(
      of: { p in
        c.reference(
          Array(p[..<queries]), Array(p[queries..<queries + keys]), Array(p.suffix(keys)))
      }, at: c.q.values + c.k.values + c.v.values, along: along, tangent: tangent.values)
    #expect(differences < 2e-6)
    let d = c.backward()
    let transpose = transposeError(
      dy: c.dout.values, tangent: tangent.values,
      gradient: d.dq.values + d.dk.values + d.dv.values, along: along)
    #expect(transpose < 3e-6)
    #expect(tangent.paddingIsZero)
  }

  @Test(arguments: shapes) func storageOrderAndChunksChangeNoBitOfTheTangent(
    heads: Int, keyValueHeads: Int, headSize: Int
  ) {
    let plain = AttentionCase(heads, keyValueHeads, headSize)
    let expected = plain.canonical(plain.tangent(plain.tangents()))
    for order in [AttentionCase.Order.byPosition, .reversedQuestions] {
      let c = AttentionCase(heads, keyValueHeads, headSize, order: order)
      let difference = bitDifference(c.canonical(c.tangent(c.tangents())), expected)
      #expect(difference == nil, "stored \(order)")
    }
    let some = plain.tangent(plain.tangents(), rows: 7..<20, untouched: 9).values
    let width = heads * headSize
    let all = plain.tangent(plain.tangents()).values
    #expect(some[(7 * width)..<(20 * width)] == all[(7 * width)..<(20 * width)])
    #expect((some[..<(7 * width)] + some[(20 * width)...]).allSatisfy { $0 == 9 })
  }

  /// What an earlier call left in the rows behind may be no number.
  @Test(arguments: [(6, 2, 6), (3, 1, 10), (1, 1, 127)]) func tangentsBehindDoNotMatter(
    heads: Int, keyValueHeads: Int, headSize: Int
  ) {
    let c = AttentionCase(heads, keyValueHeads, headSize, questions: [[3, 2]])
    let t = c.tangents()
    let (tk, tv) = (
      Matrix(.init(repeating: .nan, count: 6 * t.tk.columns), columns: t.tk.columns),
      Matrix(.init(repeating: .nan, count: 6 * t.tk.columns), columns: t.tk.columns)
    )
    tk.copy(rows: 0..<5, from: t.tk, first: 0)
    tv.copy(rows: 0..<5, from: t.tv, first: 0)
    #expect(
      bitDifference(c.tangent((t.tq, tk, tv)).values, c.tangent(t).values) == nil)
  }
}
