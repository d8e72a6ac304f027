internal import CKernels
internal import Foundation

/// Rotary position embedding, halves split as in the Hugging Face layout.
///
///     (a, b) ← (a·cos φ − b·sin φ, b·cos φ + a·sin φ),   φ = position · θ^(−2i/D)
///
/// for a = x[i], b = x[D/2 + i] of each head. Su et al. 2021, "RoFormer", eq. 34
/// (<https://arxiv.org/abs/2104.09864>), in the pairing of Llama's reference code.
///
/// Shapes: x: [R, heads · D]; the tables: [positions, D/2].
package struct Rotary: Sendable {
  package let headSize: Int
  package let positions: Int
  private let cosines: FloatBuffer
  private let sines: FloatBuffer

  package init(headSize: Int, positions: Int, theta: Double) {
    precondition(headSize > 0 && headSize % 2 == 0)
    (self.headSize, self.positions) = (headSize, positions)
    let half = headSize / 2
    cosines = FloatBuffer(count: positions * half)
    sines = FloatBuffer(count: positions * half)
    for i in 0..<half {
      let frequency = pow(theta, -2 * Double(i) / Double(headSize))
      for position in 0..<positions {
        cosines[position * half + i] = Float(cos(Double(position) * frequency))
        sines[position * half + i] = Float(sin(Double(position) * frequency))
      }
    }
  }

  /// Turns the rows in place by the positions given, one per row of `rows`.
  ///
  /// It is linear, so a tangent is turned in the same way.
  package func forward(_ x: Matrix, rows: Range<Int>, positions: ArraySlice<Int32>) {
    turn(x, rows: rows, positions: positions, sign: 1)
  }

  /// The transpose: turns gradients back.
  package func backward(_ dx: Matrix, rows: Range<Int>, positions: ArraySlice<Int32>) {
    turn(dx, rows: rows, positions: positions, sign: -1)
  }

  private func turn(_ x: Matrix, rows: Range<Int>, positions: ArraySlice<Int32>, sign: Float) {
    precondition(x.columns % headSize == 0 && positions.count == rows.count)
    for position in positions { precondition(position >= 0 && position < self.positions) }
    // SAFETY: the table has the positions, `pointer` checks the rows; nothing is kept.
    unsafe positions.withUnsafeBufferPointer { positions in
      guard let base = positions.baseAddress else { return }
      unsafe ck_rotary(
        x.pointer(rows), x.stride, rows.count, x.columns / headSize, headSize, cosines.pointer,
        sines.pointer, base, sign)
    }
  }
}
