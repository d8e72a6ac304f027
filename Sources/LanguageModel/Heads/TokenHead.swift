internal import Kernels
internal import Synchronization

/// The output head: from the residual stream to log-probabilities, entropies and divergences, and
/// back.
///
///     logits = W_head · n(h)
///
/// Logits exist for a block of rows at a time, never for all.
package final class TokenHead {
  let transformer: Transformer
  private lazy var policyRows = newRows()
  // For the policies that one is compared with, and for tangents; made when first asked for.
  private lazy var oldRows = newRows()
  private lazy var referenceRows = newRows()
  private(set) lazy var tangentRows = newRows()

  package init(_ transformer: Transformer) { self.transformer = transformer }

  /// Memory for a chunk of rows for each worker.
  private func newRows() -> [LogitRows] {
    (0..<transformer.workers.count).map { _ in LogitRows(transformer.configuration) }
  }

  /// π_old's rows, from `first` on, to compare with.
  func rows(old: ExactDivergence?, from first: Int) -> ComparedRows? {
    old.map { ComparedRows(comparison: $0, first: first, memory: oldRows) }
  }

  /// π_ref's rows, from `first` on, to compare with.
  func rows(reference: ExactDivergence?, from first: Int) -> ComparedRows? {
    reference.map { ComparedRows(comparison: $0, first: first, memory: referenceRows) }
  }

  /// Calls `body(i, row)` with the logits of `rows[i]`, rows of `a` that the last forward call
  /// computed (any row where all are kept), once those of the policies compared with are there, too.
  ///
  /// Calls for different rows may run at the same time.
  package func forEachRow(
    _ p: Parameters, _ a: Activations, rows: [Int32], from first: Int = 0,
    beside others: [ComparedRows] = [], _ body: @Sendable (_ i: Int, _ row: LogitRow) -> Void
  ) {
    let (workers, memory) = (transformer.workers, policyRows)
    let (output, base) = (a.output, a.base(from: first))
    if others.isEmpty, WorkSplit.sharesPanels(rows: rows.count, workers) {
      let shared = memory[0]
      shared.compute(p, output, rows: rows.lazy.map { Int($0) - base }, .panels(workers))
      workers.run(rows.count) { i, worker in
        body(
          i,
          LogitRow(
            logits: shared.logits, index: i, worker: worker, scratch: memory[worker].scratch))
      }
      return
    }
    workers.forEachChunk(of: rows.indices) { chunk, worker in
      let own = memory[worker]
      own.compute(
        p, output, rows: rows[chunk].lazy.map { Int($0) - base }, .rows(worker: worker))
      for other in others { other.compute(chunk, worker: worker) }
      for i in chunk { body(i, own.row(i - chunk.lowerBound, worker: worker)) }
    }
  }

  /// What the head says about each prediction, at the temperature and over the support given.
  package struct Scores: Sendable {
    /// log p of the token.
    package fileprivate(set) var logProbs: [Float]
    /// The entropy of its row.
    package fileprivate(set) var entropies: [Float]
    /// The exact divergences of its row from the policies compared with.
    package fileprivate(set) var klOld: [Float]?
    package fileprivate(set) var klReference: [Float]?
  }

  /// Scores of predictions from rows of `a`, all computed by the last forward call or kept.
  package func scores(
    _ p: Parameters, _ a: Activations, _ predictions: Predictions, temperature: Float,
    old: ComparedRows? = nil, reference: ComparedRows? = nil
  ) -> Scores {
    let zeros = [Float](repeating: 0, count: predictions.count)
    let scores = Mutex(
      Scores(
        logProbs: zeros, entropies: zeros, klOld: old.map { _ in zeros },
        klReference: reference.map { _ in zeros }))
    let others = [old, reference].compactMap(\.self)
    forEachRow(p, a, rows: predictions.rows, beside: others) { i, row in
      let support = predictions.supports[i]
      let policy = row.distribution(over: support, temperature: temperature)
      let klOld = old?.divergence(
        of: policy, at: row.index, worker: row.worker, over: support)
      let klReference = reference?.divergence(
        of: policy, at: row.index, worker: row.worker, over: support)
      scores.withLock { scores in
        for k in predictions.ofRow(i) {
          scores.logProbs[k] = policy.logProb(
            logit: row.logits[row.index, Int(predictions.tokens[k])])
          scores.entropies[k] = Float(policy.entropy)
          if let klOld { scores.klOld?[k] = klOld }
          if let klReference { scores.klReference?[k] = klReference }
        }
      }
    }
    return scores.withLock { $0 }
  }
}
