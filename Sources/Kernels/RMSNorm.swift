internal import CKernels

/// Root-mean-square layer normalization.
///
///     y[r, i] = g[i] · x[r, i] · s[r],   s[r] = 1 / √(mean(x[r, :]²) + ε)
///
/// Zhang & Sennrich 2019, "Root Mean Square Layer Normalization", eq. 4
/// (<https://arxiv.org/abs/1910.07467>).
///
/// Shapes: x, y, dx, dy: [R, C]; gain g, dgain: [1, C]; rstd s: [R].
package enum RMSNorm {
  /// Writes y from row `yFirst` on and s[rows], for the rows of x.
  package static func forward(
    _ y: Matrix, yFirst: Int, rstd: FloatBuffer, _ x: Matrix, rows: Range<Int>, gain: Matrix,
    epsilon: Float
  ) {
    precondition(y.columns == x.columns && gain.columns == x.columns)
    precondition(rows.upperBound <= rstd.count)
    // SAFETY: columns are alike and `rstd` has the rows; those of matrices `pointer` checks.
    unsafe ck_rmsnorm_forward(
      y.pointer(yFirst..<yFirst + rows.count), rstd.pointer + rows.lowerBound, x.pointer(rows),
      gain.pointer(0..<1), rows.count, x.stride, x.columns, epsilon)
  }

  /// Adds to dx[rows].
  package static func backward(
    _ dx: Matrix, dy: Matrix, dyFirst: Int, _ x: Matrix, rows: Range<Int>, gain: Matrix,
    rstd: FloatBuffer
  ) {
    precondition(dx.columns == x.columns && dy.columns == x.columns && gain.columns == x.columns)
    precondition(rows.upperBound <= rstd.count)
    unsafe ck_rmsnorm_backward(
      dx.pointer(rows), dy.pointer(dyFirst..<dyFirst + rows.count), x.pointer(rows),
      gain.pointer(0..<1), rstd.pointer + rows.lowerBound, rows.count, x.stride, x.columns)
  }

  /// Adds Σ_r dy·x·s over the rows `index`, in their order, to dgain.
  package static func backwardGain(
    _ dgain: Matrix, dy: Matrix, _ x: Matrix, rstd: FloatBuffer, index: ArraySlice<Int32>
  ) {
    precondition(dgain.columns == x.columns && dy.columns == x.columns)
    for row in index { precondition(row >= 0 && row < min(x.rows, dy.rows, rstd.count)) }
    unsafe index.withUnsafeBufferPointer { index in
      guard let base = index.baseAddress else { return }
      unsafe ck_rmsnorm_backward_gain(
        dgain.pointer(0..<1), dy.pointer, x.pointer, rstd.pointer, base, index.count, x.stride, 0,
        x.stride)
    }
  }

  /// The derivative of y along (tx, tgain), written to ty, for the rows of x.
  ///
  ///     ty = s ⊙ (tg·x + g·(tx − x̂·mean(x̂·tx))),   x̂ = x·s
  ///
  /// `first` is the row of ty and tx that belongs to `rows.lowerBound`; s is what `forward` wrote.
  /// ty may be tx. Shapes: tx, ty: [R, C]; tgain: [1, C].
  package static func tangent(
    _ ty: Matrix, tx: Matrix, first: Int, _ x: Matrix, rows: Range<Int>, gain: Matrix,
    tgain: Matrix, rstd: FloatBuffer
  ) {
    let own = first..<first + rows.count
    precondition(ty.columns == x.columns && tx.columns == x.columns)
    precondition(gain.columns == x.columns && tgain.columns == x.columns)
    precondition(rows.upperBound <= rstd.count)
    unsafe ck_rmsnorm_tangent(
      ty.pointer(own), tx.pointer(own), x.pointer(rows),
      gain.pointer(0..<1), tgain.pointer(0..<1), rstd.pointer + rows.lowerBound, rows.count,
      x.stride, x.columns)
  }
}
