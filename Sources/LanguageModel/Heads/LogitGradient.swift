internal import Kernels

/// What the head's backward pass starts from: turns rows of logits into the gradient with respect
/// to them.
protocol LogitGradient: Sendable {
  /// Replaces rows `rows` of the block's logits.
  func replace(_ rows: Range<Int>, of block: HeadBlock, worker: Int)
}

/// A block of rows of logits in the head's workspace, and what they predict.
struct HeadBlock: Sendable {
  let parameters: Parameters
  let predictions: Predictions
  let temperature: Float
  /// The rows of `predictions`.
  let range: Range<Int>
  let workspace: HeadWorkspace

  /// The predictions of a row of the block.
  func predictions(of row: Int) -> Range<Int> { predictions.ofRow(range.lowerBound + row) }

  func support(of row: Int) -> [Int32]? { predictions.supports[range.lowerBound + row] }

  /// Replaces one row of logits by what `body` writes to row 0 of a matrix, given the row's
  /// distribution over its support; outside the support the gradient is 0.
  func replace(
    _ row: Int, _ worker: Int,
    _ body: (_ drow: Matrix, _ distribution: Softmax.Distribution) -> Void
  ) {
    let w = workspace
    let logits = LogitRow(
      logits: w.dlogits, index: row, worker: worker, scratch: w.logitScratch[worker])
    let (support, drow) = (support(of: row), w.drow[worker])
    body(drow, logits.distribution(over: support, temperature: temperature))
    guard let support else {
      w.dlogits.copy(rows: row..<row + 1, from: drow, first: 0)
      return
    }
    w.dlogits.clear(rows: row..<row + 1)
    for (k, token) in support.enumerated() { w.dlogits[row, Int(token)] = drow[0, k] }
  }

  /// Where the tokens that a row predicts stand in its distribution.
  func targets(of row: Int) -> [(prediction: Int, index: Int)] {
    let support = support(of: row)
    return predictions(of: row).map { k in
      let token = predictions.tokens[k]
      guard let index = support.map({ $0.firstIndex(of: token) }) ?? Int(token) else {
        preconditionFailure("a token outside the support it was drawn from")
      }
      return (k, index)
    }
  }
}
