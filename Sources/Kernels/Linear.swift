internal import CKernels

/// The product of rows with a weight, and its two transposes.
///
///     y = x·Wᵀ,   dx = dy·W,   dW = dyᵀ·x
///
/// Shapes: x, dx: [R, K]; y, dy: [R, N]; W, dW: [N, K] in panels. Each output is one chain of fused
/// multiply-adds over k (forward), n (dx) or the rows in the order given (dW).
package enum Linear {
  /// Rows of x that dW takes at a time: a panel of them, 8 KiB, stays in the first-level cache.
  static let rowBlock = 128

  /// y[rows] = x[rows]·Wᵀ, or y[rows] += when `accumulate`.
  ///
  /// `xFirst` is the row of x that belongs to `rows.lowerBound` when the two are numbered
  /// differently; `panels` are those of the weight whose outputs are wanted, if not all.
  package static func forward(
    _ y: Matrix, _ x: Matrix, rows: Range<Int>, xFirst: Int? = nil, weight: PackedWeight,
    panels: Range<Int>? = nil, accumulate: Bool = false
  ) {
    let first = xFirst ?? rows.lowerBound
    let panels = panels ?? 0..<weight.panels
    precondition(y.columns == weight.outputs && x.columns == weight.inputs)
    precondition(0 <= panels.lowerBound && panels.upperBound <= weight.panels)
    // SAFETY: columns and panels fit the weight; rows are checked by `pointer`.
    unsafe ck_linear_forward(
      y.pointer(rows) + 16 * panels.lowerBound, y.stride, x.pointer(first..<first + rows.count),
      x.stride, weight.pointer + panels.lowerBound * weight.inputs * 16, weight.inputs * 16,
      rows.count, panels.count, weight.inputs, accumulate ? 1 : 0)
  }

  /// The derivative of y along (tx, tW): ty[rows] = tx·Wᵀ + x·tWᵀ, or ty[rows] += when `accumulate`.
  ///
  /// `xFirst` is the row of x that belongs to `rows.lowerBound` when x is numbered differently.
  /// Shapes: tx: [R, K]; ty: [R, N]; tW: [N, K] in panels. One chain over k for tx·Wᵀ, which then
  /// goes on through x·tWᵀ.
  package static func tangent(
    _ ty: Matrix, tx: Matrix, _ x: Matrix, rows: Range<Int>, xFirst: Int? = nil,
    weight: PackedWeight, tweight: PackedWeight, accumulate: Bool = false
  ) {
    forward(ty, tx, rows: rows, weight: weight, accumulate: accumulate)
    forward(ty, x, rows: rows, xFirst: xFirst, weight: tweight, accumulate: true)
  }

  /// The panels over inputs that `backwardInput` reads: [K/16][N][16], for panels `panels`.
  package static func transpose(
    _ transposed: FloatBuffer, weight: PackedWeight, panels: Range<Int>
  ) {
    precondition(transposed.count >= transposedCount(weight))
    unsafe ck_linear_transpose(
      transposed.pointer, weight.pointer, weight.outputs, weight.inputs, panels.lowerBound,
      panels.upperBound)
  }

  /// Floats in the transposed panels of a weight.
  package static func transposedCount(_ weight: PackedWeight) -> Int {
    weight.inputs.roundedUp(to: 16) * weight.outputs.roundedUp(to: 16)
  }

  /// dx[rows] (+)= dy[rows]·W, from the transposed panels of W.
  package static func backwardInput(
    _ dx: Matrix, _ dy: Matrix, rows: Range<Int>, dyFirst: Int? = nil, transposed: FloatBuffer,
    weight: PackedWeight, accumulate: Bool = false
  ) {
    let first = dyFirst ?? rows.lowerBound
    precondition(dx.columns == weight.inputs && dy.columns == weight.outputs)
    precondition(transposed.count >= transposedCount(weight))
    unsafe ck_linear_forward(
      dx.pointer(rows), dx.stride, dy.pointer(first..<first + rows.count), dy.stride,
      transposed.pointer, weight.outputs.roundedUp(to: 16) * 16, rows.count,
      weight.inputs.roundedUp(to: 16) / 16, weight.outputs, accumulate ? 1 : 0)
  }

  /// Floats of scratch that `backwardWeight` needs for `inputs`.
  package static func scratchCount(inputs: Int) -> Int {
    rowBlock * (inputs.roundedUp(to: 16) + 16)
  }

  /// dW[panels] += Σ_r dy[r]ᵀ·x[r] over the rows `index`, in their order.
  package static func backwardWeight(
    _ gradient: PackedWeight, panels: Range<Int>, x: Matrix, dy: Matrix, index: ArraySlice<Int32>,
    scratch: FloatBuffer
  ) {
    let (inputs, block) = (gradient.inputs, rowBlock)
    precondition(x.columns == inputs && dy.columns == gradient.outputs)
    precondition(0 <= panels.lowerBound && panels.upperBound <= gradient.panels)
    precondition(scratch.count >= scratchCount(inputs: inputs))
    for row in index { precondition(row >= 0 && row < min(x.rows, dy.rows)) }
    let inputPanels = inputs.roundedUp(to: 16) / 16
    unsafe index.withUnsafeBufferPointer { index in
      guard let base = index.baseAddress else { return }
      let packed = unsafe scratch.pointer
      let dyPacked = unsafe packed + block * inputPanels * 16
      for first in stride(from: 0, to: index.count, by: block) {
        let rows = min(block, index.count - first)
        unsafe ck_linear_gather(
          packed, block, x.pointer, x.stride, base + first, rows, inputPanels)
        for panel in panels {
          unsafe ck_linear_gather(
            dyPacked, block, dy.pointer + 16 * panel, dy.stride, base + first, rows, 1)
          unsafe ck_linear_backward_weight(
            gradient.pointer + panel * inputs * 16, packed, dyPacked, block, rows, inputs)
        }
      }
    }
  }
}
