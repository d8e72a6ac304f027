internal import CKernels

/// Rows of a table by token id, from the same panels the output head multiplies with.
///
///     x[r] = E[token_r],   dE[token_r] += dx[r]
///
/// Shapes: E: [V, C] in panels; x, dx: [R, C]; tokens: [R].
package enum Embedding {
  /// Writes the rows from `first` on, zeros past their columns included; along a table's tangent,
  /// that of the rows.
  package static func forward(
    _ x: Matrix, first: Int, table: PackedWeight, tokens: ArraySlice<Int32>
  ) {
    precondition(x.columns == table.inputs)
    for token in tokens { precondition(token >= 0 && token < table.outputs) }
    // SAFETY: ids and rows were checked above; the arrays live until the call returns.
    unsafe tokens.withUnsafeBufferPointer { tokens in
      guard let base = tokens.baseAddress else { return }
      unsafe ck_embedding_forward(
        x.pointer(first..<first + tokens.count), x.stride, table.pointer, table.inputs, base,
        tokens.count)
    }
  }

  /// Adds the rows `index` of dx, in their order, for the columns given.
  package static func backward(
    _ gradient: PackedWeight, dx: Matrix, tokens: [Int32], index: [Int32], columns: Range<Int>
  ) {
    precondition(dx.columns == gradient.inputs && columns.upperBound <= gradient.inputs)
    for token in tokens { precondition(token >= 0 && token < gradient.outputs) }
    for row in index { precondition(row >= 0 && row < min(dx.rows, tokens.count)) }
    unsafe tokens.withUnsafeBufferPointer { tokens in
      unsafe index.withUnsafeBufferPointer { index in
        guard let tokens = tokens.baseAddress, let base = index.baseAddress else { return }
        unsafe ck_embedding_backward(
          gradient.pointer, gradient.inputs, dx.pointer, dx.stride, tokens, base, index.count,
          columns.lowerBound, columns.upperBound)
      }
    }
  }
}
