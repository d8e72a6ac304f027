internal import CKernels

/// Which rows a row attends to: the rows of its sequence up to its own position.
///
/// A sequence is a list of rows, one per position, wherever they are stored; a completion's list
/// begins with its prompt's rows. Shapes: table: [sequences, capacity]; per row: sequence, position.
package struct KeyTable: Sendable {
  private var rows: [Int32] = []  // [sequences · capacity]
  package private(set) var sequences: [Int32] = []  // of each row
  package private(set) var positions: [Int32] = []  // of each row
  package let capacity: Int

  package init(capacity: Int) { self.capacity = capacity }

  /// Adds a sequence, empty or with the first rows of another.
  package mutating func appendSequence(copying parent: (sequence: Int, length: Int)?) {
    let start = rows.count
    rows.append(contentsOf: repeatElement(-1, count: capacity))
    guard let (sequence, length) = parent else { return }
    for position in 0..<length { rows[start + position] = rows[sequence * capacity + position] }
  }

  /// Adds the next row; rows are numbered as they come.
  package mutating func append(row: Int, sequence: Int, position: Int) {
    precondition(row == sequences.count && position < capacity)
    rows[sequence * capacity + position] = Int32(row)
    sequences.append(Int32(sequence))
    positions.append(Int32(position))
  }

  package func row(_ sequence: Int, _ position: Int) -> Int {
    Int(rows[sequence * capacity + position])
  }

  package mutating func removeAll() {
    rows.removeAll(keepingCapacity: true)
    sequences.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
  }

  func withPointers(
    _ body: (UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> Void
  ) {
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe sequences.withUnsafeBufferPointer { sequences in
        unsafe positions.withUnsafeBufferPointer { positions in
          guard let rows = rows.baseAddress, let sequences = sequences.baseAddress,
            let positions = positions.baseAddress
          else { return }
          unsafe body(rows, sequences, positions)
        }
      }
    }
  }

  /// Checks that every row of `range` lies in a sequence and is stored below `limit`.
  ///
  /// The entries before its own were appended earlier, so they are smaller numbers.
  func check(_ range: Range<Int>, limit: Int) {
    precondition(0 <= range.lowerBound && range.upperBound <= sequences.count)
    precondition(sequences.count == positions.count)
    for row in range {
      let start = Int(sequences[row]) * capacity
      precondition(positions[row] >= 0 && Int(positions[row]) < capacity)
      precondition(start >= 0 && start + Int(positions[row]) < rows.count)
      let own = rows[start + Int(positions[row])]
      precondition(own >= 0 && Int(own) < limit)
    }
  }
}

/// Causal attention with grouped key and value heads.
///
///     out[r, h] = Σ_j p_j v[j, h′],   p = softmax_j(q[r, h]·k[j, h′] / √D),   h′ = h·K/H
///
/// Vaswani et al. 2017, eq. 1 (<https://arxiv.org/abs/1706.03762>); Ainslie et al. 2023, "GQA"
/// (<https://arxiv.org/abs/2305.13245>).
///
/// Shapes: q, out: [R, H·D]; k, v: [R, K·D]; statistics: [R, 2H] (maximum and 1/Σ per head).
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

  /// Floats of scratch for sequences of up to `capacity` rows.
  package static func scratchCount(capacity: Int) -> Int { capacity.roundedUp(to: 16) + 16 + 256 }

  private var scale: Float { 1 / Float(headSize).squareRoot() }

  /// Writes out and statistics for `rows`; `first` is the row of q, out and statistics that belongs
  /// to `rows.lowerBound` (k, v and the table count rows as `rows` does).
  package func forward(
    _ out: Matrix, statistics: Matrix, q: Matrix, first: Int, k: Matrix, v: Matrix,
    keys: KeyTable, rows: Range<Int>, scratch: FloatBuffer
  ) {
    precondition(q.columns == heads * headSize && out.columns == q.columns)
    precondition(k.columns == keyValueHeads * headSize && v.columns == k.columns)
    precondition(statistics.columns == 2 * heads && statistics.stride % 2 == 0)
    precondition(scratch.count >= Attention.scratchCount(capacity: keys.capacity))
    keys.check(rows, limit: min(k.rows, v.rows))
    let own = first..<first + rows.count
    unsafe keys.withPointers { table, sequences, positions in
      unsafe ck_attention_forward(
        out.pointer(own), out.stride, statistics.pointer(own), statistics.stride, q.pointer(own),
        q.stride, k.pointer, v.pointer, k.stride, table, keys.capacity,
        sequences + rows.lowerBound, positions + rows.lowerBound, rows.count, heads, keyValueHeads,
        headSize, scale, scratch.pointer + 256, scratch.pointer)
    }
  }

  /// The derivative of out along (tq, tk, tv), written to tout[rows].
  ///
  ///     tout[r, h] = Σ_j p_j (tv_j + ts_j·v_j) − (Σ_j p_j ts_j)·out[r, h]
  ///     ts_j = (tq·k_j + q·tk_j) / √D
  ///
  /// All matrices count rows as the table does; out and statistics are what `forward` wrote.
  /// Shapes: tq, tout: [R, H·D]; tk, tv: [R, K·D].
  package func tangent(
    _ tout: Matrix, tq: Matrix, tk: Matrix, tv: Matrix, out: Matrix, statistics: Matrix,
    q: Matrix, k: Matrix, v: Matrix, keys: KeyTable, rows: Range<Int>, scratch: FloatBuffer
  ) {
    precondition(q.columns == heads * headSize && out.columns == q.columns)
    precondition(tq.columns == q.columns && tout.columns == q.columns)
    precondition(k.columns == keyValueHeads * headSize && v.columns == k.columns)
    precondition(tk.columns == k.columns && tv.columns == k.columns)
    precondition(statistics.columns == 2 * heads)
    precondition(scratch.count >= Attention.scratchCount(capacity: keys.capacity))
    keys.check(rows, limit: min(k.rows, v.rows, tk.rows, tv.rows))
    unsafe keys.withPointers { table, sequences, positions in
      unsafe ck_attention_tangent(
        tout.pointer(rows), tq.pointer(rows), tk.pointer, tv.pointer, out.pointer(rows),
        out.stride, statistics.pointer(rows), statistics.stride, q.pointer(rows), q.stride,
        k.pointer, v.pointer, k.stride, table, keys.capacity, sequences + rows.lowerBound,
        positions + rows.lowerBound, rows.count, heads, keyValueHeads, headSize, scale,
        scratch.pointer + 256, scratch.pointer)
    }
  }

  /// Adds to dq, dk and dv what the query rows `index`, in their order, contribute through one
  /// key/value head.
  ///
  /// Different heads touch different columns, so they may run at the same time.
  package func backward(
    dq: Matrix, dk: Matrix, dv: Matrix, dout: Matrix, out: Matrix, statistics: Matrix, q: Matrix,
    k: Matrix, v: Matrix, keys: KeyTable, index: ArraySlice<Int32>, keyValueHead: Int,
    scratch: FloatBuffer
  ) {
    precondition(q.columns == heads * headSize && out.columns == q.columns)
    precondition(dq.columns == q.columns && dout.columns == q.columns)
    precondition(k.columns == keyValueHeads * headSize && v.columns == k.columns)
    precondition(dk.columns == k.columns && dv.columns == k.columns)
    precondition(0 <= keyValueHead && keyValueHead < keyValueHeads)
    precondition(scratch.count >= Attention.scratchCount(capacity: keys.capacity))
    let limit = min(q.rows, k.rows, dq.rows, dk.rows, dout.rows, statistics.rows)
    for row in index {
      precondition(row >= 0 && Int(row) < limit)
      keys.check(Int(row)..<Int(row) + 1, limit: limit)
    }
    unsafe keys.withPointers { table, sequences, positions in
      unsafe index.withUnsafeBufferPointer { index in
        guard let base = index.baseAddress else { return }
        unsafe ck_attention_backward(
          dq.pointer, dk.pointer, dv.pointer, dout.pointer, out.pointer, statistics.pointer,
          statistics.stride, q.pointer, q.stride, out.stride, k.pointer, v.pointer, k.stride, base,
          table, keys.capacity, sequences, positions, index.count, heads, keyValueHeads,
          keyValueHead, headSize, scale, scratch.pointer + 256, scratch.pointer)
      }
    }
  }
}
