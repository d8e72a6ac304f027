import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct RotaryTests {
  static let shapes = [
    (rows: 1, heads: 1, headSize: 2), (3, 2, 6), (5, 3, 10), (2, 1, 16), (4, 5, 20), (2, 2, 128),
  ]

  private static let theta = 10_000.0

  private func reference(
    _ x: [Double], heads: Int, headSize: Int, positions: [Int32], sign: Double = 1
  ) -> [Double] {
    var y = x
    let (width, half) = (heads * headSize, headSize / 2)
    for (row, position) in positions.enumerated() {
      for head in 0..<heads {
        for i in 0..<half {
          let (left, right) = (
            row * width + head * headSize + i, row * width + head * headSize + half + i
          )
          let angle =
            sign * Double(position) * pow(Self.theta, -2 * Double(i) / Double(headSize))
          y[left] = x[left] * cos(angle) - x[right] * sin(angle)
          y[right] = x[right] * cos(angle) + x[left] * sin(angle)
        }
      }
    }
    return y
  }

  private func positions(_ rows: Int) -> [Int32] { (0..<rows).map { Int32($0 * 7 % 40) } }

  @Test(arguments: shapes) func forwardMatchesTheEquation(rows: Int, heads: Int, headSize: Int) {
    var rng = SplitMix64(seed: 3)
    let x: [Float] = .uniform(rows * heads * headSize, using: &rng)
    let y = Matrix(x, columns: heads * headSize)
    let rotary = Rotary(headSize: headSize, positions: 40, theta: Self.theta)
    rotary.forward(y, rows: 0..<rows, positions: positions(rows)[...])
    let expected = reference(
      x.doubles, heads: heads, headSize: headSize, positions: positions(rows))
    #expect(worstError(y.values, expected) < 3e-7)
  }

  @Test(arguments: shapes) func backwardMatchesFiniteDifferences(
    rows: Int, heads: Int, headSize: Int
  ) {
    var rng = SplitMix64(seed: 4)
    let x: [Float] = .uniform(rows * heads * headSize, using: &rng)
    let dy: [Float] = .uniform(x.count, using: &rng)
    let dx = Matrix(dy, columns: heads * headSize)
    let rotary = Rotary(headSize: headSize, positions: 40, theta: Self.theta)
    rotary.backward(dx, rows: 0..<rows, positions: positions(rows)[...])
    let error = gradientError(
      of: { p in
        dot(dy, reference(p, heads: heads, headSize: headSize, positions: positions(rows)))
      }, at: x, gradient: dx.values)
    #expect(error < 1e-4)
  }

  @Test func turningBackRestoresAndTurnsInPlace() {
    var rng = SplitMix64(seed: 5)
    let x: [Float] = .uniform(4 * 30, using: &rng)
    let y = Matrix(x, columns: 30)
    let rotary = Rotary(headSize: 10, positions: 40, theta: Self.theta)
    let positions: [Int32] = [0, 1, 17, 39]
    rotary.forward(y, rows: 0..<4, positions: positions[...])
    // Position 0 turns by nothing.
    #expect(bitDifference(Array(y.values[..<30]), Array(x[..<30])) == nil)
    #expect(y.values[30...].elementsEqual(x[30...]) == false)
    rotary.backward(y, rows: 0..<4, positions: positions[...])
    #expect(worstError(y.values, x.doubles) < 3e-7)
  }

  @Test func onlyTheRowsNamedTurn() {
    let x: [Float] = .init(repeating: 1, count: 3 * 6)
    let y = Matrix(x, columns: 6)
    let rotary = Rotary(headSize: 6, positions: 9, theta: Self.theta)
    let positions: [Int32] = [1, 8, 3]
    rotary.forward(y, rows: 1..<2, positions: positions[1..<2])
    let expected = reference([1, 1, 1, 1, 1, 1], heads: 1, headSize: 6, positions: [8])
    #expect(worstError(y.values, [1, 1, 1, 1, 1, 1] + expected + [1, 1, 1, 1, 1, 1]) < 3e-7)
  }

  @Test(arguments: shapes) func turningATangentMatchesTheTranspose(
    rows: Int, heads: Int, headSize: Int
  ) {
    var rng = SplitMix64(seed: 6)
    let t: [Float] = .uniform(rows * heads * headSize, using: &rng)
    let dy: [Float] = .uniform(t.count, using: &rng)
    let (ty, dx) = (Matrix(t, columns: heads * headSize), Matrix(dy, columns: heads * headSize))
    let rotary = Rotary(headSize: headSize, positions: 40, theta: Self.theta)
    rotary.forward(ty, rows: 0..<rows, positions: positions(rows)[...])
    rotary.backward(dx, rows: 0..<rows, positions: positions(rows)[...])
    let error = transposeError(dy: dy, tangent: ty.values, gradient: dx.values, along: t)
    #expect(error < 1e-6)
  }
}
