package import Kernels

/// One row of logits, with a worker's scratch.
package struct LogitRow: Sendable {
  package let logits: Matrix
  /// Its index in `logits`.
  package let index: Int
  let worker: Int
  let scratch: LogitScratch

  /// Over `support`, ascending, or over all tokens.
  ///
  /// What lies in the scratch holds until the next call.
  package func distribution(
    over support: [Int32]?, temperature: Float
  ) -> Softmax.Distribution {
    Softmax.forward(scratch.exponentials, gathered(support), temperature: temperature)
  }

  /// The logits of `support` beside each other, or the whole row.
  func gathered(_ support: [Int32]?) -> Softmax.Logits {
    guard let support else { return Softmax.Logits(logits, row: index, count: logits.columns) }
    for (i, token) in support.enumerated() { scratch.gathered[0, i] = logits[index, Int(token)] }
    return Softmax.Logits(scratch.gathered, row: 0, count: support.count)
  }
}

/// What a row of logits is made a distribution in.
struct LogitScratch: Sendable {
  let exponentials: Matrix
  let gathered: Matrix

  init(_ c: ModelConfiguration) {
    exponentials = Matrix(rows: 1, columns: c.vocabularySize)
    gathered = Matrix(rows: 1, columns: c.vocabularySize)
  }
}

/// A worker's memory for the head on one chunk of rows of one policy.
struct LogitRows: Sendable {
  let stream: Matrix
  let scale: FloatBuffer
  let normed: Matrix
  let logits: Matrix
  let scratch: LogitScratch

  init(_ c: ModelConfiguration) {
    let rows = WorkSplit.chunkRows
    stream = Matrix(rows: rows, columns: c.hiddenSize)
    scale = FloatBuffer(count: rows)
    normed = Matrix(rows: rows, columns: c.hiddenSize)
    logits = Matrix(rows: rows, columns: c.vocabularySize)
    scratch = LogitScratch(c)
  }

  /// The logits of the rows named of a residual stream, at indices from 0 on.
  func compute(
    _ p: Parameters, _ source: Matrix, rows: some Collection<Int>, _ split: WorkSplit
  ) {
    for (i, row) in rows.enumerated() {
      stream.copy(rows: i..<i + 1, from: source, first: row)
    }
    let own = 0..<rows.count
    RMSNorm.forward(
      normed, yFirst: 0, rstd: scale, stream, rows: own, gain: p.norm,
      epsilon: Float(p.configuration.normEpsilon))
    split.multiply(panels: p.head.panels) { share in
      share.forward(logits, normed, rows: own, xFirst: 0, weight: p.head)
    }
  }

  func row(_ index: Int, worker: Int) -> LogitRow {
    LogitRow(logits: logits, index: index, worker: worker, scratch: scratch)
  }
}
