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

  /// What attention reads and what it makes of it, row by row.
  ///
  /// A row's own query, result and statistics may be stored under another number than in the table,
  /// which counts the rows of k and v. Shapes: q, out: [R, H·D]; k, v: [R, K·D]; statistics: [R, 2H],
  /// the maximum and 1/Σ of each head's softmax.
  package struct Rows: Sendable {
    package let q, k, v: Matrix
    package let out, statistics: Matrix
    package let keys: KeyTable
    /// The row of the table that row 0 of q, out and statistics belongs to.
    package let first: Int

    package init(
      q: Matrix, k: Matrix, v: Matrix, out: Matrix, statistics: Matrix, keys: KeyTable,
      first: Int = 0
    ) {
      (self.q, self.k, self.v, self.keys, self.first) = (q, k, v, keys, first)
      (self.out, self.statistics) = (out, statistics)
    }
  }

  /// Floats of scratch for sequences of up to `capacity` rows.
  package static func scratchCount(capacity: Int) -> Int { capacity.roundedUp(to: 16) + 16 + 256 }

  /// Writes out and statistics of the rows `rows` of the table.
  package func forward(_ a: Rows, rows: Range<Int>, scratch: FloatBuffer) {
    a.keys.check(rows, limit: min(a.k.rows, a.v.rows))
    unsafe withDescription(a, from: rows, scratch) { unsafe ck_attention_forward($0, rows.count) }
  }

  /// Adds to dq, dk and dv what the query rows `index`, in their order, contribute through one
  /// key/value head.
  ///
  /// Different heads touch different columns, so they may run at the same time. The rows of `a` are
  /// numbered as those of the table; dq is shaped as q, dk as k, dv as v, dout as out.
  package func backward(
    dq: Matrix, dk: Matrix, dv: Matrix, dout: Matrix, _ a: Rows, index: ArraySlice<Int32>,
    keyValueHead: Int, scratch: FloatBuffer
  ) {
    precondition(dq.columns == a.q.columns && dout.columns == a.out.columns)
    precondition(dk.columns == a.k.columns && dv.columns == a.v.columns)
    precondition(0 <= keyValueHead && keyValueHead < keyValueHeads && a.first == 0)
    let limit = min(a.q.rows, a.k.rows, dq.rows, dk.rows, dout.rows, a.statistics.rows)
    for row in index {
      precondition(row >= 0 && Int(row) < limit)
      a.keys.check(Int(row)..<Int(row) + 1, limit: limit)
    }
    unsafe index.withUnsafeBufferPointer { index in
      guard let base = index.baseAddress else { return }
      unsafe withDescription(a, from: 0..<0, scratch) {
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
  /// The rows of `a`, which `forward` has completed, are numbered as those of the table; tq is shaped
  /// as q, tk as k, tv as v, tout as out.
  package func tangent(
    _ tout: Matrix, tq: Matrix, tk: Matrix, tv: Matrix, _ a: Rows, rows: Range<Int>,
    scratch: FloatBuffer
  ) {
    precondition(tq.columns == a.q.columns && tout.columns == a.out.columns && a.first == 0)
    precondition(tk.columns == a.k.columns && tv.columns == a.v.columns)
    a.keys.check(rows, limit: min(a.k.rows, a.v.rows, tk.rows, tv.rows))
    unsafe withDescription(a, from: rows, scratch) {
      unsafe ck_attention_tangent(
        $0, tout.pointer(rows), tq.pointer(rows), tk.pointer, tv.pointer, rows.count)
    }
  }

  /// `a` as the kernels see it, its own rows counted from those of the table's rows `rows`.
  private func withDescription(
    _ a: Rows, from rows: Range<Int>, _ scratch: FloatBuffer, _ body: (ck_attention) -> Void
  ) {
    precondition(a.q.columns == heads * headSize && a.out.columns == a.q.columns)
    precondition(a.k.columns == keyValueHeads * headSize && a.v.columns == a.k.columns)
    precondition(a.statistics.columns == 2 * heads)
    precondition(scratch.count >= Attention.scratchCount(capacity: a.keys.capacity))
    let own = rows.lowerBound - a.first..<rows.upperBound - a.first
    unsafe a.keys.withPointers { table, sequences, positions in
      unsafe body(
        ck_attention(
          q: a.q.pointer(own), k: a.k.pointer, v: a.v.pointer, out: a.out.pointer(own),
          statistics: a.statistics.pointer(own), ldq: a.q.stride, ldkv: a.k.stride,
          ldout: a.out.stride, ldstatistics: a.statistics.stride, table: table,
          sequences: sequences + rows.lowerBound, positions: positions + rows.lowerBound,
          capacity: a.keys.capacity, heads: heads, kv_heads: keyValueHeads, head_size: headSize,
          scale: 1 / Float(headSize).squareRoot(), scores: scratch.pointer + 256,
          padded: scratch.pointer))
    }
  }
}
