internal import CKernels

/// Causal attention with grouped key and value heads.
///
///     out[r, h] = Σ_j p_j v[j, h′],   p = softmax_j(q[r, h]·k[j, h′] / √D),   h′ = h·K/H
///
/// Vaswani et al. 2017, eq. 1 (<https://arxiv.org/abs/1706.03762>); Ainslie et al. 2023, "GQA"
/// (<https://arxiv.org/abs/2305.13245>).
package struct Attention: Sendable {
  package let heads: Int
  package let keyValueHeads: Int
  package let headSize: Int

  package init(heads: Int, keyValueHeads: Int, headSize: Int) {
    precondition(heads > 0 && keyValueHeads > 0 && heads % keyValueHeads == 0)
    precondition(headSize > 0 && headSize <= Attention.maximumHeadSize)
    (self.heads, self.keyValueHeads, self.headSize) = (heads, keyValueHeads, headSize)
  }

  package static let maximumHeadSize = 128

  /// What attention reads, and what it makes of it.
  ///
  /// Shapes: q, out: [R, H·D]; k, v: [R, K·D]; statistics: [R, 2H], the maximum and 1/Σ of each head's
  /// softmax. A key table counts the rows of k and v.
  package struct Tensors: Sendable {
    package let q, k, v: Matrix
    package let out, statistics: Matrix

    package init(q: Matrix, k: Matrix, v: Matrix, out: Matrix, statistics: Matrix) {
      (self.q, self.k, self.v, self.out, self.statistics) = (q, k, v, out, statistics)
    }
  }

  /// Floats of scratch for sequences of up to `capacity` rows.
  package static func scratchCount(capacity: Int) -> Int {
    maximumHeadSize + capacity.roundedUp(to: 16) + 16
  }

  /// Writes out and statistics of the rows `rows` of the table.
  ///
  /// `first` is the row of q, out and statistics that belongs to `rows.lowerBound`.
  package func forward(
    _ t: Tensors, keys: KeyTable, rows: Range<Int>, first: Int, scratch: FloatBuffer
  ) {
    keys.check(rows, limit: min(t.k.rows, t.v.rows))
    unsafe describe(t, keys, from: rows.lowerBound, first..<first + rows.count, scratch) {
      unsafe ck_attention_forward($0, rows.count)
    }
  }

  /// Adds to dq, dk and dv what the query rows `index`, in their order, contribute through one
  /// key/value head.
  ///
  /// Different heads touch different columns, so they may run at the same time. All matrices count rows
  /// as the table does; dq is shaped as q, dk as k, dv as v, dout as out.
  package func backward(
    dq: Matrix, dk: Matrix, dv: Matrix, dout: Matrix, _ t: Tensors, keys: KeyTable,
    index: ArraySlice<Int32>, keyValueHead: Int, scratch: FloatBuffer
  ) {
    precondition(dq.columns == t.q.columns && dout.columns == t.out.columns)
    precondition(dk.columns == t.k.columns && dv.columns == t.v.columns)
    precondition(0 <= keyValueHead && keyValueHead < keyValueHeads)
    let limit = min(
      t.q.rows, t.k.rows, t.v.rows, t.out.rows, t.statistics.rows, dq.rows, dk.rows,
      min(dv.rows, dout.rows))
    for row in index {
      precondition(row >= 0 && Int(row) < limit)
      keys.check(Int(row)..<Int(row) + 1, limit: limit)
    }
    unsafe index.withUnsafeBufferPointer { index in
      guard let base = index.baseAddress else { return }
      unsafe describe(t, keys, from: 0, 0..<0, scratch) {
        unsafe ck_attention_backward(
          $0, dq.pointer, dk.pointer, dv.pointer, dout.pointer, base, index.count, keyValueHead)
      }
    }
  }

  /// The derivative of out along (tq, tk, tv), written to tout[rows].
  ///
  ///     tout[r, h] = Σ_j p_j (tv_j + ts_j·v_j) − (Σ_j p_j ts_j)·out[r, h]
  ///     ts_j = (tq·k_j + q·tk_j) / √D
  ///
  /// All matrices count rows as the table does; out and statistics are what `forward` wrote. tq is
  /// shaped as q, tk as k, tv as v, tout as out.
  package func tangent(
    _ tout: Matrix, tq: Matrix, tk: Matrix, tv: Matrix, _ t: Tensors, keys: KeyTable,
    rows: Range<Int>, scratch: FloatBuffer
  ) {
    precondition(tq.columns == t.q.columns && tout.columns == t.out.columns)
    precondition(tk.columns == t.k.columns && tv.columns == t.v.columns)
    keys.check(rows, limit: min(t.k.rows, t.v.rows, tk.rows, tv.rows))
    unsafe describe(t, keys, from: rows.lowerBound, rows, scratch) {
      unsafe ck_attention_tangent(
        $0, tout.pointer(rows), tq.pointer(rows), tk.pointer, tv.pointer, rows.count)
    }
  }

  /// `t` as the kernels see it: rows `own` of q, out and statistics belong to the table's from `row` on.
  private func describe(
    _ t: Tensors, _ keys: KeyTable, from row: Int, _ own: Range<Int>, _ scratch: FloatBuffer,
    _ body: (ck_attention) -> Void
  ) {
    precondition(t.q.columns == heads * headSize && t.out.columns == t.q.columns)
    precondition(t.k.columns == keyValueHeads * headSize && t.v.columns == t.k.columns)
    precondition(t.statistics.columns == 2 * heads)
    precondition(scratch.count >= Attention.scratchCount(capacity: keys.capacity))
    // SAFETY: shapes were checked above, rows by `KeyTable.check` and `pointer`; no pointer is kept.
    unsafe keys.withPointers { table, sequences, positions in
      unsafe body(
        ck_attention(
          q: t.q.pointer(own), k: t.k.pointer, v: t.v.pointer, out: t.out.pointer(own),
          statistics: t.statistics.pointer(own), ldq: t.q.stride, ldkv: t.k.stride,
          ldout: t.out.stride, ldstatistics: t.statistics.stride, table: table,
          sequences: sequences + row, positions: positions + row,
          capacity: keys.capacity, heads: heads, kv_heads: keyValueHeads, head_size: headSize,
          scale: 1 / Float(headSize).squareRoot(),
          scores: scratch.pointer + Attention.maximumHeadSize,
          padded: scratch.pointer))
    }
  }
}
