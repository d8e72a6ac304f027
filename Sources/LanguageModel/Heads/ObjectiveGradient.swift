internal import Kernels

/// The gradient of an objective's coefficients with respect to the logits.
///
///     Σ dLogProb·log p + Σ dEntropy·H + Σ dKLOld·KL + Σ dKLReference·KL
///
/// The entropy and the divergences of a row belong to each of its predictions, so their coefficients
/// add up.
struct ObjectiveGradient: LogitGradient {
  /// Of each prediction.
  let gradient: TokenGradient
  /// What dKLOld and dKLReference belong to.
  let old: ComparedRows?
  let reference: ComparedRows?

  func replace(_ rows: Range<Int>, of block: HeadBlock, worker: Int) {
    let first = block.range.lowerBound
    let divergences = [(old, gradient.dKLOld), (reference, gradient.dKLReference)]
    for case (let other?, _?) in divergences {
      other.compute(first + rows.lowerBound..<first + rows.upperBound, worker: worker)
    }
    for (i, row) in rows.enumerated() {
      let (own, support) = (block.predictions(of: row), block.support(of: row))
      func total(_ coefficients: [Float]) -> Float { own.reduce(0) { $0 + coefficients[$1] } }
      block.replace(row, worker) { drow, policy in
        Softmax.backward(
          drow, row: 0, of: policy,
          targets: block.targets(of: row).map {
            ($0.index, gradient.dLogProb?[$0.prediction] ?? 0)
          }, dEntropy: gradient.dEntropy.map(total) ?? 0)
        for case (let other?, let coefficients?) in divergences {
          other.backward(
            drow, policy, at: i, worker: worker, over: support, coefficient: total(coefficients))
        }
      }
    }
  }
}
