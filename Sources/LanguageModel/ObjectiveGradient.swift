internal import Kernels

/// The gradient of an objective's coefficients with respect to the logits.
///
///     Σ dLogProb·log p + Σ dEntropy·H + Σ dDivergence·KL
///
/// The entropy and the divergences of a row belong to each of its predictions, so their coefficients
/// add up. Shapes: dLogProb, dEntropy, each dDivergence: [predictions].
struct ObjectiveGradient: LogitGradient {
  let dLogProb: [Float]
  let dEntropy: [Float]?
  let divergences: [(rows: ComparedRows, dDivergence: [Float])]
  /// Memory for the logits of each policy compared with, per worker.
  let others: [[LogitRows]]

  func replace(_ rows: Range<Int>, of block: HeadBlock, worker: Int) {
    let first = block.range.lowerBound
    for (divergence, other) in zip(divergences, others) {
      other[worker].compute(
        divergence.rows, first + rows.lowerBound..<first + rows.upperBound)
    }
    for (i, row) in rows.enumerated() {
      let own = block.predictions(of: row)
      func total(_ coefficients: [Float]) -> Float { own.reduce(0) { $0 + coefficients[$1] } }
      block.replace(row, worker) { drow, policy in
        Softmax.backward(
          drow, row: 0, exponentials: policy.exponentials, logits: policy.logits,
          logitsRow: policy.row, count: policy.count, temperature: policy.temperature,
          statistics: policy.statistics,
          targets: block.places(of: row).map { ($0.place, dLogProb[$0.prediction]) },
          dEntropy: dEntropy.map(total) ?? 0)
        for (divergence, other) in zip(divergences, others) {
          divergence.rows.backward(
            drow, policy,
            other[worker].row(i).distribution(
              support: block.support(of: row), temperature: policy.temperature),
            coefficient: total(divergence.dDivergence))
        }
      }
    }
  }
}
