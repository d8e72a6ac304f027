import Foundation
import Kernels
import TestSupport

/// Queries, keys and values of some questions, stored in some order.
struct AttentionCase {
  enum Order: Sendable { case canonical, byPosition, reversedQuestions }

  let attention: Attention
  let q, k, v, dout: Matrix
  private(set) var keys: KeyTable
  /// Per row, its index in the canonical order (question; prompt; then completion, position).
  private(set) var indices: [Int] = []
  /// Per row, the rows it attends to, its own last.
  private var paths: [[Int]] = []

  init(
    _ heads: Int, _ keyValueHeads: Int, _ headSize: Int,
    questions: [[Int]] = AttentionTests.questions, order: Order = .canonical
  ) {
    attention = Attention(heads: heads, keyValueHeads: keyValueHeads, headSize: headSize)
    keys = KeyTable(capacity: 55)
    // A row's numbers depend on its index alone.
    let count = questions.reduce(0) { $0 + $1.reduce(0, +) }
    func matrix(_ columns: Int) -> Matrix { Matrix(rows: count, columns: columns) }
    (q, dout) = (matrix(heads * headSize), matrix(heads * headSize))
    (k, v) = (matrix(keyValueHeads * headSize), matrix(keyValueHeads * headSize))
    appendRows(of: questions, order)
    for (row, index) in indices.enumerated() {
      var rng = SplitMix64(seed: UInt64(index))
      for target in [q, k, v, dout] {
        for column in 0..<target.columns {
          target[row, column] = .random(in: -1..<1, using: &rng)
        }
      }
    }
  }

  /// The prompts must come before their completions; completions may come in any order.
  private mutating func appendRows(of questions: [[Int]], _ order: Order) {
    var next = 0
    var completions: [(sequence: Int, start: Int, indices: Range<Int>, path: [Int])] = []
    var sequences = 0
    // Questions in storage order, each with its first index in the canonical order.
    var firsts: [(lengths: [Int], index: Int)] = []
    for lengths in questions {
      firsts.append((lengths, next))
      next += lengths.reduce(0, +)
    }
    if order == .reversedQuestions { firsts.reverse() }
    for (lengths, first) in firsts {
      keys.appendSequence(copying: nil)
      let prompt = sequences
      sequences += 1
      var path: [Int] = []
      for position in 0..<lengths[0] {
        append(sequence: prompt, position: position, index: first + position, path: &path)
      }
      var index = first + lengths[0]
      for length in lengths.dropFirst() {
        keys.appendSequence(copying: (prompt, lengths[0]))
        completions.append((sequences, lengths[0], index..<index + length, path))
        sequences += 1
        index += length
      }
      if order != .byPosition { appendAll(&completions) }
    }
    appendAll(&completions, byPosition: true)
  }

  private mutating func appendAll(
    _ completions: inout [(sequence: Int, start: Int, indices: Range<Int>, path: [Int])],
    byPosition: Bool = false
  ) {
    if !byPosition {
      for var c in completions {
        for (t, index) in c.indices.enumerated() {
          append(sequence: c.sequence, position: c.start + t, index: index, path: &c.path)
        }
      }
    } else {
      for t in 0..<(completions.map(\.indices.count).max() ?? 0) {
        for i in completions.indices where t < completions[i].indices.count {
          let c = completions[i]
          append(
            sequence: c.sequence, position: c.start + t, index: c.indices.lowerBound + t,
            path: &completions[i].path)
        }
      }
    }
    completions = []
  }

  private mutating func append(sequence: Int, position: Int, index: Int, path: inout [Int]) {
    let row = indices.count
    keys.append(row: row, sequence: sequence, position: position)
    indices.append(index)
    path.append(row)
    paths.append(path)
  }

  /// The rows of a matrix in the canonical order.
  func canonical(_ matrix: Matrix) -> [Float] {
    indices.indices.sorted { indices[$0] < indices[$1] }.flatMap { row in
      (0..<matrix.columns).map { matrix[row, $0] }
    }
  }

  private var scratch: FloatBuffer {
    let scratch = FloatBuffer(count: Attention.scratchCount(capacity: keys.capacity))
    scratch.fill(.nan)
    return scratch
  }

  func forward(rows: Range<Int>? = nil) -> (out: Matrix, statistics: Matrix) {
    let rows = rows ?? 0..<q.rows
    let (out, statistics) = (
      Matrix(rows: rows.count, columns: q.columns),
      Matrix(rows: rows.count, columns: 2 * attention.heads)
    )
    let own = Matrix(rows: rows.count, columns: q.columns)
    own.copy(rows: 0..<rows.count, from: q, first: rows.lowerBound)
    attention.forward(
      .init(q: own, k: k, v: v, out: out, statistics: statistics), keys: keys, rows: rows, first: 0,
      scratch: scratch)
    return (out, statistics)
  }

  func backward(times: Int = 1) -> (dq: Matrix, dk: Matrix, dv: Matrix) {
    let (out, statistics) = forward()
    let dq = Matrix(rows: q.rows, columns: q.columns)
    let (dk, dv) = (
      Matrix(rows: k.rows, columns: k.columns), Matrix(rows: k.rows, columns: k.columns)
    )
    let order = indices.indices.sorted { indices[$0] < indices[$1] }.map(Int32.init)
    for _ in 0..<times {
      for head in 0..<attention.keyValueHeads {
        attention.backward(
          dq: dq, dk: dk, dv: dv, dout: dout,
          .init(q: q, k: k, v: v, out: out, statistics: statistics), keys: keys, index: order[...],
          keyValueHead: head, scratch: scratch)
      }
    }
    return (dq, dk, dv)
  }

  /// Tangents of q, k and v: what a row's are depends on its index alone.
  func tangents() -> (tq: Matrix, tk: Matrix, tv: Matrix) {
    let tangents = [q, k, v].map { Matrix(rows: $0.rows, columns: $0.columns) }
    for (row, index) in indices.enumerated() {
      var rng = SplitMix64(seed: UInt64(1000 + index))
      for target in tangents {
        for column in 0..<target.columns {
          target[row, column] = .random(in: -1..<1, using: &rng)
        }
      }
    }
    return (tangents[0], tangents[1], tangents[2])
  }

  /// The derivative of out along `t`, for some rows; the others keep `untouched`.
  func tangent(
    _ t: (tq: Matrix, tk: Matrix, tv: Matrix), rows: Range<Int>? = nil, untouched: Float = 0
  ) -> Matrix {
    let (out, statistics) = forward()
    let tout = Matrix(
      .init(repeating: untouched, count: q.rows * q.columns), columns: q.columns)
    attention.tangent(
      tout, tq: t.tq, tk: t.tk, tv: t.tv,
      .init(q: q, k: k, v: v, out: out, statistics: statistics), keys: keys,
      rows: rows ?? 0..<q.rows, scratch: scratch)
    return tout
  }

  /// Softmax attention over each row's path, in `Double`.
  func reference(_ q: [Double], _ k: [Double], _ v: [Double]) -> [Double] {
    let (heads, size) = (attention.heads, attention.headSize)
    let (width, keyWidth) = (heads * size, attention.keyValueHeads * size)
    var out = [Double](repeating: 0, count: q.count)
    for row in paths.indices {
      for head in 0..<heads {
        let shift = head / (heads / attention.keyValueHeads) * size
        let scores = paths[row].map { key in
          (0..<size).reduce(0.0) {
            $0 + q[row * width + head * size + $1] * k[key * keyWidth + shift + $1]
          } / Double(size).squareRoot()
        }
        let highest = scores.max() ?? 0
        let weights = scores.map { exp($0 - highest) }
        let total = weights.reduce(0, +)
        for (weight, key) in zip(weights, paths[row]) {
          for i in 0..<size {
            out[row * width + head * size + i] +=
              weight / total * v[key * keyWidth + shift + i]
          }
        }
      }
    }
    return out
  }
}
