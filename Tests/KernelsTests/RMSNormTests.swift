import Kernels
import TestSupport
import Testing

@Suite struct RMSNormTests {
  static let shapes = [(rows: 1, channels: 1), (1, 16), (3, 5), (4, 64), (7, 37)]

  private static let epsilon: Float = 1e-5

  /// y = g·x/√(mean(x²) + ε), as plainly as possible.
  private func reference(_ x: [Double], _ gain: [Double]) -> [Double] {
    let channels = gain.count
    return x.indices.map { k in
      let row = k / channels * channels
      let meanSquare = x[row..<row + channels].map { $0 * $0 }.reduce(0, +) / Double(channels)
      return gain[k - row] * x[k] / (meanSquare + Double(Self.epsilon)).squareRoot()
    }
  }

  private struct Case {
    let x, gain, dy: Matrix
    let rstd: FloatBuffer

    init(rows: Int, channels: Int) {
      var rng = SplitMix64(seed: 7)
      x = Matrix(.uniform(rows * channels, using: &rng), columns: channels)
      gain = Matrix(.uniform(channels, using: &rng), columns: channels)
      dy = Matrix(.uniform(rows * channels, using: &rng), columns: channels)
      rstd = FloatBuffer(count: rows)
    }

    func forward() -> Matrix {
      let y = Matrix(rows: x.rows, columns: x.columns)
      RMSNorm.forward(
        y, yFirst: 0, rstd: rstd, x, rows: 0..<x.rows, gain: gain, epsilon: epsilon)
      return y
    }

    func backward(times: Int = 1) -> (dx: Matrix, dgain: Matrix) {
      let dx = Matrix(rows: x.rows, columns: x.columns)
      let dgain = Matrix(rows: 1, columns: x.columns)
      for _ in 0..<times {
        RMSNorm.backward(dx, dy: dy, dyFirst: 0, x, rows: 0..<x.rows, gain: gain, rstd: rstd)
        RMSNorm.backwardGain(dgain, dy: dy, x, rstd: rstd, index: Array(0..<Int32(x.rows))[...])
      }
      return (dx, dgain)
    }
  }

  @Test(arguments: shapes) func forwardMatchesTheEquation(rows: Int, channels: Int) {
    let c = Case(rows: rows, channels: channels)
    // A few roundings of 6e-8 each.
    let expected = reference(c.x.values.doubles, c.gain.values.doubles)
    #expect(worstError(c.forward().values, expected) < 1e-6)
  }

  @Test(arguments: shapes) func backwardMatchesFiniteDifferences(rows: Int, channels: Int) {
    let c = Case(rows: rows, channels: channels)
    _ = c.forward()
    let (dx, dgain) = c.backward()
    let count = rows * channels
    let error = gradientError(
      of: { p in dot(c.dy.values, reference(Array(p.prefix(count)), Array(p.suffix(channels)))) },
      at: c.x.values + c.gain.values, gradient: dx.values + dgain.values)
    #expect(error < 1e-4)
  }

  @Test func backwardAccumulates() {
    let c = Case(rows: 3, channels: 21)
    _ = c.forward()
    let (once, twice) = (c.backward(), c.backward(times: 2))
    // The second addend of a fused multiply-add is rounded with the first: a last bit may differ.
    #expect(worstError(twice.dx.values, once.dx.values.map { 2 * Double($0) }) < 2e-7)
    #expect(worstError(twice.dgain.values, once.dgain.values.map { 2 * Double($0) }) < 2e-7)
  }

  @Test func aRowIsTheSameAloneAndElsewhere() {
    let c = Case(rows: 7, channels: 37)
    let together = c.forward()
    for row in 0..<7 {
      let (y, rstd) = (Matrix(rows: 3, columns: 37), FloatBuffer(count: 7))
      RMSNorm.forward(
        y, yFirst: 2, rstd: rstd, c.x, rows: row..<row + 1, gain: c.gain, epsilon: Self.epsilon)
      #expect((0..<37).allSatisfy { y[2, $0] == together[row, $0] && y[1, $0] == 0 })
      #expect(rstd[row] == c.rstd[row])
    }
  }

  /// The gain's gradient is one chain of fused multiply-adds in the order of the index.
  @Test func gainGradientAddsRowsInTheOrderOfTheIndex() {
    let c = Case(rows: 7, channels: 37)
    _ = c.forward()
    let index: [Int32] = [4, 0, 6, 1, 3, 5]
    let dgain = Matrix(.init(repeating: 0.25, count: 37), columns: 37)
    RMSNorm.backwardGain(dgain, dy: c.dy, c.x, rstd: c.rstd, index: index[...])
    let expected = (0..<37).map { channel in
      index.map(Int.init).reduce(Float(0.25)) {
        $0.addingProduct(c.dy[$1, channel], c.x[$1, channel] * c.rstd[$1])
      }
    }
    #expect(bitDifference(dgain.values, expected) == nil)
  }

  @Test(arguments: shapes) func tangentMatchesDifferencesAndTheTranspose(rows: Int, channels: Int) {
    let c = Case(rows: rows, channels: channels)
    _ = c.forward()
    var rng = SplitMix64(seed: 8)
    let t: [Float] = .uniform((rows + 1) * channels, using: &rng)
    let nines = [Float](repeating: 9, count: channels)
    let (tx, tgain) = (
      Matrix(nines + t[..<(rows * channels)], columns: channels),
      Matrix(Array(t[(rows * channels)...]), columns: channels)
    )
    let ty = Matrix(nines + nines + t[channels..<(rows * channels)], columns: channels)
    RMSNorm.tangent(
      ty, tx: tx, first: 1, c.x, rows: 0..<rows, gain: c.gain, tgain: tgain, rstd: c.rstd)
    let tangent = Array(ty.values[channels...])
    let differences = tangentError(
      of: { reference(Array($0.prefix(rows * channels)), Array($0.suffix(channels))) },
      at: c.x.values + c.gain.values, along: t, tangent: tangent)
    // A few roundings of 6e-8 each; a single channel's derivative is a difference of equal numbers.
    #expect(differences < 2e-6)
    let (dx, dgain) = c.backward()
    let transpose = transposeError(
      dy: c.dy.values, tangent: tangent, gradient: dx.values + dgain.values, along: t)
    #expect(transpose < 3e-6)
    #expect(ty.paddingIsZero && ty.values[..<channels].allSatisfy { $0 == 9 })
  }
}
