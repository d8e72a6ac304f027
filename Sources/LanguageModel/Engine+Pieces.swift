internal import Kernels

extension Engine {
  /// Some questions of a batch whose rows are in memory together.
  struct Piece {
    let activations: Activations
    let predictions: Predictions
    /// Per prediction, the number of its token in the batch.
    let tokens: [Int]
    /// Its first prediction row, counted over the batch.
    let firstRow: Int
    /// Whether none follows that would take the same memory.
    let isLast: Bool

    /// What a later pass under `p` can take over: pieces that keep everything are whole batches.
    func kept(_ p: Parameters) -> Kept? {
      activations.retention == .everything ? Kept(activations, of: p) : nil
    }

    /// Hands each prediction row's value to the tokens it predicts.
    func write(_ values: Matrix, to result: inout [Float]?) {
      for i in predictions.rows.indices {
        for k in predictions.starts[i]..<predictions.starts[i + 1] {
          result?[tokens[k]] = values[i, 0]
        }
      }
    }

    func copy(to hidden: HiddenStates) {
      for (i, row) in predictions.rows.enumerated() {
        let target = firstRow + i
        hidden.stream.copy(
          rows: target..<target + 1, from: activations.output, first: Int(row))
      }
    }
  }

  /// Calls `body` with one piece after the other: all that was kept, if it still holds under `p`, or
  /// as much as the budget holds.
  ///
  /// Every pass over a batch comes here, so that this is where what was kept is asked whether it
  /// holds.
  func forEachPiece(
    _ p: Parameters, _ batch: TokenBatch, _ retention: Activations.Retention,
    kept: Kept?, _ body: (Piece) -> Void
  ) {
    let kept = kept?.activations(under: p)
    let ranges = kept == nil ? pieces(of: batch, retention) : [batch.questions.indices]
    var (token, row) = (0, 0)
    for range in ranges {
      let a = kept ?? compute(p, batch, range, retention)
      let (predictions, numbers) = batch.predictions(range, in: a)
      body(
        Piece(
          activations: a, predictions: predictions, tokens: numbers.map { token + $0 },
          firstRow: row, isLast: range.upperBound == ranges.last?.upperBound))
      token += numbers.count
      row += predictions.rows.count
    }
  }
}
