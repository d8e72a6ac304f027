import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct SwiGLUTests {
  static let shapes = [(rows: 1, columns: 1), (2, 16), (3, 52), (5, 17)]

  private func reference(_ gate: [Double], _ up: [Double]) -> [Double] {
    zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
  }

  private struct Case {
    let gate, up, dy: Matrix

    init(rows: Int, columns: Int) {
      var rng = SplitMix64(seed: 21)
      gate = Matrix(
        [Float].uniform(rows * columns, using: &rng).map { 4 * $0 }, columns: columns)
      up = Matrix(.uniform(rows * columns, using: &rng), columns: columns)
      dy = Matrix(.uniform(rows * columns, using: &rng), columns: columns)
    }

    func backward(dgate: Matrix, dup: Matrix) {
      SwiGLU.backward(
        dgate: dgate, dup: dup, dy: dy, dyFirst: 0, gate: gate, up: up, rows: 0..<gate.rows)
    }
  }

  @Test(arguments: shapes) func forwardMatchesTheEquation(rows: Int, columns: Int) {
    let c = Case(rows: rows, columns: columns)
    let y = Matrix(rows: rows + 1, columns: columns)
    SwiGLU.forward(y, yFirst: 1, gate: c.gate, up: c.up, rows: 0..<rows)
    let expected = reference(c.gate.values.doubles, c.up.values.doubles)
    #expect(worstError(Array(y.values[columns...]), expected) < 5e-7)
    #expect(y.values[..<columns].allSatisfy { $0 == 0 })
  }

  @Test(arguments: shapes) func backwardMatchesFiniteDifferences(rows: Int, columns: Int) {
    let c = Case(rows: rows, columns: columns)
    let (dgate, dup) = (
      Matrix(rows: rows, columns: columns), Matrix(rows: rows, columns: columns)
    )
    c.backward(dgate: dgate, dup: dup)
    let count = rows * columns
    let error = gradientError(
      of: { p in dot(c.dy.values, reference(Array(p.prefix(count)), Array(p.suffix(count)))) },
      at: c.gate.values + c.up.values, gradient: dgate.values + dup.values)
    #expect(error < 1e-4)
  }

  @Test func backwardOverwrites() {
    let c = Case(rows: 3, columns: 17)
    let once = (Matrix(rows: 3, columns: 17), Matrix(rows: 3, columns: 17))
    c.backward(dgate: once.0, dup: once.1)
    let twice = (
      Matrix(.init(repeating: 5, count: 51), columns: 17),
      Matrix(.init(repeating: 5, count: 51), columns: 17)
    )
    for _ in 0..<2 { c.backward(dgate: twice.0, dup: twice.1) }
    #expect(bitDifference(once.0.values, twice.0.values) == nil)
    #expect(bitDifference(once.1.values, twice.1.values) == nil)
  }

  @Test func gradientsMayTakeThePlaceOfTheirInputs() {
    let c = Case(rows: 3, columns: 17)
    let apart = (Matrix(rows: 3, columns: 17), Matrix(rows: 3, columns: 17))
    c.backward(dgate: apart.0, dup: apart.1)
    c.backward(dgate: c.gate, dup: c.up)
    #expect(bitDifference(c.gate.values, apart.0.values) == nil)
    #expect(bitDifference(c.up.values, apart.1.values) == nil)
  }

  /// silu goes to 0 on the left and to x on the right; σ's exponential must not overflow.
  @Test func farInputsStayFinite() {
    let gate = Matrix([-1e4, -200, -90, 90, 200, 1e4], columns: 6)
    let ones = Matrix(.init(repeating: 1, count: 6), columns: 6)
    let y = Matrix(rows: 1, columns: 6)
    SwiGLU.forward(y, yFirst: 0, gate: gate, up: ones, rows: 0..<1)
    #expect(y.values[..<3].allSatisfy { abs($0) < 1e-33 })
    #expect(Array(y.values[3...]) == [90, 200, 1e4])
    let (dgate, dup) = (Matrix(rows: 1, columns: 6), Matrix(rows: 1, columns: 6))
    SwiGLU.backward(
      dgate: dgate, dup: dup, dy: ones, dyFirst: 0, gate: gate, up: ones, rows: 0..<1)
    #expect(dgate.values[..<3].allSatisfy { abs($0) < 1e-33 })
    #expect(Array(dgate.values[3...]) == [1, 1, 1])
  }

  @Test(arguments: shapes) func tangentMatchesDifferencesAndTheTranspose(rows: Int, columns: Int) {
    let c = Case(rows: rows, columns: columns)
    let count = rows * columns
    var rng = SplitMix64(seed: 22)
    let t: [Float] = .uniform(2 * count, using: &rng)
    let (tgate, tup) = (
      Matrix(Array(t[..<count]), columns: columns), Matrix(Array(t[count...]), columns: columns)
    )
    let ty = Matrix(rows: rows + 1, columns: columns)
    SwiGLU.tangent(
      ty, tyFirst: 1, tgate: tgate, tup: tup, gate: c.gate, up: c.up, rows: 0..<rows)
    let tangent = Array(ty.values[columns...])
    let differences = tangentError(
      of: { reference(Array($0.prefix(count)), Array($0.suffix(count))) },
      at: c.gate.values + c.up.values, along: t, tangent: tangent)
    #expect(differences < 1e-6)
    let (dgate, dup) = (Matrix(rows: rows, columns: columns), Matrix(rows: rows, columns: columns))
    c.backward(dgate: dgate, dup: dup)
    let transpose = transposeError(
      dy: c.dy.values, tangent: tangent, gradient: dgate.values + dup.values, along: t)
    #expect(transpose < 1e-6)
    #expect(ty.paddingIsZero)
  }
}
