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

  /// Calls `body` with one piece after the other: all that was kept, or as much as the budget holds.
  func forEachPiece(
    _ p: Parameters, _ batch: TokenBatch, _ retention: Activations.Retention,
    kept: Activations?, _ body: (Piece) -> Void
  ) {
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
