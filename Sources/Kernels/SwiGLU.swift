internal import CKernels

/// The gated activation of Llama's feed-forward block.
///
///     y = silu(gate) ⊙ up,   silu(x) = x / (1 + e⁻ˣ)
///
/// Shazeer 2020, "GLU Variants Improve Transformer", eq. 6 (<https://arxiv.org/abs/2002.05202>).
///
/// Shapes: y, gate, up and their gradients: [R, F].
package enum SwiGLU {
  package static func forward(
    _ y: Matrix, yFirst: Int, gate: Matrix, up: Matrix, rows: Range<Int>
  ) {
    precondition(y.columns == gate.columns && up.columns == gate.columns)
    // SAFETY: columns are alike; `pointer` checks the rows.
    unsafe ck_swiglu_forward(
      y.pointer(yFirst..<yFirst + rows.count), gate.pointer(rows), up.pointer(rows),
      rows.count * gate.stride)
  }

  /// Writes dgate[rows] and dup[rows].
  ///
  /// Nothing is added, since nothing else feeds them. `dyFirst` is the row of dy that belongs to
  /// `rows.lowerBound`.
  package static func backward(
    dgate: Matrix, dup: Matrix, dy: Matrix, dyFirst: Int, gate: Matrix, up: Matrix,
    rows: Range<Int>
  ) {
    precondition(dy.columns == gate.columns && up.columns == gate.columns)
    precondition(dgate.columns == gate.columns && dup.columns == gate.columns)
    unsafe ck_swiglu_backward(
      dgate.pointer(rows), dup.pointer(rows), dy.pointer(dyFirst..<dyFirst + rows.count),
      gate.pointer(rows), up.pointer(rows), rows.count * gate.stride)
  }

  /// The derivative of y along (tgate, tup), written to ty from row `tyFirst` on.
  ///
  ///     ty = silu′(gate) ⊙ up ⊙ tgate + silu(gate) ⊙ tup,   silu′(x) = σ(x)·(1 + x·(1 − σ(x)))
  ///
  /// Shapes: ty, tgate, tup: [R, F].
  package static func tangent(
    _ ty: Matrix, tyFirst: Int, tgate: Matrix, tup: Matrix, gate: Matrix, up: Matrix,
    rows: Range<Int>
  ) {
    precondition(ty.columns == gate.columns && up.columns == gate.columns)
    precondition(tgate.columns == gate.columns && tup.columns == gate.columns)
    unsafe ck_swiglu_tangent(
      ty.pointer(tyFirst..<tyFirst + rows.count), tgate.pointer(rows), tup.pointer(rows),
      gate.pointer(rows), up.pointer(rows), rows.count * gate.stride)
  }
}
