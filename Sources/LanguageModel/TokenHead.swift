package import Kernels

/// The output head: from the residual stream to log-probabilities, entropies and divergences, and
/// back.
///
///     logits = W_head · n(h)
///
/// Logits exist for a block of rows at a time, never for all.
package final class TokenHead {
  let transformer: Transformer
  private var policy: [LogitRows] = []  // per worker
  /// For each of the policies that one is compared with, or a tangent; made when first asked for.
  private var others: [[LogitRows]] = []  // per worker

  package init(_ transformer: Transformer) {
    self.transformer = transformer
    policy = newRows()
  }

  private func newRows() -> [LogitRows] {
    (0..<transformer.workers.count).map { _ in
      LogitRows(transformer.configuration, rows: Transformer.chunkRows)
    }
  }

  /// Rows beside the policy's own, `count` of them for each worker.
  func otherRows(_ count: Int) -> [[LogitRows]] {
    while others.count < count { others.append(newRows()) }
    return Array(others[..<count])
  }

  /// One row of logits, as `forEachRow` shows it to its body.
  package struct Row: Sendable {
    package let logits: Matrix
    package let index: Int
    /// Scratch rows of the vocabulary's width.
    package let exponentials: Matrix
    package let gathered: Matrix
    /// The same row under the policies that this one is compared with.
    let others: [Row]

    /// The logits over `support`, gathered, or the whole row.
    package func distribution(support: [Int32]?) -> (logits: Matrix, row: Int, count: Int) {
      guard let support else { return (logits, index, logits.columns) }
      for (i, token) in support.enumerated() { gathered[0, i] = logits[index, Int(token)] }
      return (gathered, 0, support.count)
    }

    /// The same as a distribution at a temperature; it lies in this row's scratch.
    func distribution(support: [Int32]?, temperature: Float) -> Softmax.Distribution {
      let (logits, row, count) = distribution(support: support)
      return Softmax.Distribution(
        exponentials: exponentials, logits: logits, row: row, count: count,
        temperature: temperature)
    }
  }

  /// Calls `body(i, row)` with the logits of `rows[i]`, rows of `a` that the last forward call
  /// computed (any row where all are kept).
  ///
  /// Calls for different rows may run at the same time.
  package func forEachRow(
    _ p: Parameters, _ a: Activations, rows: [Int32], from first: Int = 0,
    _ body: @Sendable (_ i: Int, _ row: Row) -> Void
  ) {
    forEachRow(p, a, rows: rows, from: first, comparing: [], body)
  }

  /// The same beside the logits of other policies, whose row i follows their `first` one.
  func forEachRow(
    _ p: Parameters, _ a: Activations, rows: [Int32], from first: Int,
    comparing comparisons: [ComparedRows], _ body: @Sendable (_ i: Int, _ row: Row) -> Void
  ) {
    let size = transformer.chunkSize(rows: rows.count)
    let base = a.retention == .everything ? 0 : first
    let (output, policy, others) = (a.output, policy, otherRows(comparisons.count))
    if comparisons.isEmpty, transformer.sharesPanels(rows: rows.count) {
      let shared = policy[0]
      shared.normalize(p, output, rows: rows.lazy.map { Int($0) - base })
      SharedProduct.run(
        [
          SharedProduct(
            y: shared.logits, rows: rows.indices, x: shared.normed, xFirst: 0, weight: p.head)
        ], transformer.workers)
      transformer.workers.run(rows.count) { i, worker in
        body(i, policy[worker].row(i, of: shared.logits))
      }
      return
    }
    transformer.workers.run((rows.count + size - 1) / size) { task, worker in
      let chunk = Workers.chunk(task, of: rows.count, size: size)
      policy[worker].compute(p, output, rows: rows[chunk].lazy.map { Int($0) - base })
      for (other, rows) in zip(comparisons, others) { rows[worker].compute(other, chunk) }
      for i in 0..<chunk.count {
        body(
          chunk.lowerBound + i,
          policy[worker].row(i, beside: others.map { $0[worker].row(i) }))
      }
    }
  }

  /// What the head says about each prediction: log p(token) and the entropy of its row, at the
  /// temperature and over the support given.
  package func logProbs(
    _ p: Parameters, _ a: Activations, _ predictions: Predictions, from first: Int = 0,
    temperature: Float
  ) -> (logProbs: [Float], entropies: [Float]) {
    let scores = scores(
      p, a, predictions, from: first, temperature: temperature, comparing: [])
    return (scores[0], scores[1])
  }

  /// The same, and the divergence of its row for each comparison: one array after the other.
  func scores(
    _ p: Parameters, _ a: Activations, _ predictions: Predictions, from first: Int = 0,
    temperature: Float, comparing comparisons: [ComparedRows]
  ) -> [[Float]] {
    let width = 2 + comparisons.count
    let results = FloatBuffer(count: width * predictions.count)
    forEachRow(p, a, rows: predictions.rows, from: first, comparing: comparisons) { i, row in
      let support = predictions.supports[i]
      let distribution = row.distribution(support: support, temperature: temperature)
      let statistics = distribution.statistics
      let divergences = zip(comparisons, row.others).map { comparison, other in
        comparison.divergence(
          distribution, other.distribution(support: support, temperature: temperature))
      }
      for k in predictions.starts[i]..<predictions.starts[i + 1] {
        results[width * k] = statistics.logProb(
          logit: row.logits[row.index, Int(predictions.tokens[k])], temperature: temperature)
        results[width * k + 1] = Float(statistics.entropy)
        for (j, divergence) in divergences.enumerated() { results[width * k + 2 + j] = divergence }
      }
    }
    return (0..<width).map { j in (0..<predictions.count).map { results[width * $0 + j] } }
  }
}

/// The head's memory for one chunk of rows of one policy.
struct LogitRows: Sendable {
  let stream: Matrix
  let scale: FloatBuffer
  let normed: Matrix
  let logits: Matrix
  let exponentials: Matrix
  let gathered: Matrix

  init(_ c: ModelConfiguration, rows: Int) {
    stream = Matrix(rows: rows, columns: c.hiddenSize)
    scale = FloatBuffer(count: rows)
    normed = Matrix(rows: rows, columns: c.hiddenSize)
    logits = Matrix(rows: rows, columns: c.vocabularySize)
    exponentials = Matrix(rows: 1, columns: c.vocabularySize)
    gathered = Matrix(rows: 1, columns: c.vocabularySize)
  }

  /// The last norm of the rows named of a residual stream.
  func normalize(_ p: Parameters, _ source: Matrix, rows: some Collection<Int>) {
    for (i, row) in rows.enumerated() {
      stream.copy(rows: i..<i + 1, from: source, first: row)
    }
    RMSNorm.forward(
      normed, yFirst: 0, rstd: scale, stream, rows: 0..<rows.count, gain: p.norm,
      epsilon: Float(p.configuration.normEpsilon))
  }

  /// The logits of the rows named of a residual stream.
  func compute(_ p: Parameters, _ source: Matrix, rows: some Collection<Int>) {
    normalize(p, source, rows: rows)
    Linear.forward(logits, normed, rows: 0..<rows.count, weight: p.head)
  }

  /// The logits of another policy, for a chunk of the rows it is compared at.
  func compute(_ other: ComparedRows, _ chunk: Range<Int>) {
    let hidden = other.comparison.hidden
    compute(
      hidden.parameters, hidden.stream,
      rows: other.first + chunk.lowerBound..<other.first + chunk.upperBound)
  }

  /// A row with this scratch, of these logits or of others.
  func row(
    _ index: Int, of shared: Matrix? = nil, beside others: [TokenHead.Row] = []
  ) -> TokenHead.Row {
    TokenHead.Row(
      logits: shared ?? logits, index: index, exponentials: exponentials, gathered: gathered,
      others: others)
  }
}
