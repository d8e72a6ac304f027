internal import Kernels

/// Which Fisher matrix of the policy, with J_t the derivative of row t's logits.
package enum Fisher: Sendable {
  /// Its expectation over the tokens that could be drawn: Σ_t w_t·J_tᵀ(diag p − p pᵀ)J_t / T².
  case exact
  /// The outer products of the tokens that were drawn: Σ_t w_t·∇log π(a_t)·∇log π(a_t)ᵀ.
  case sampled
}

/// The gradient with respect to the logits of a Fisher-vector product.
///
///     exact:    dlogits = w·(diag p − p pᵀ)·tlogits / T²
///     sampled:  dlogits = w·(tlogits·∂log p(a)/∂logits)·∂log p(a)/∂logits
///
/// A row that predicts several tokens counts once for each. Shapes: tstream: [rows of the
/// activations, C], the tangent of the residual stream; weights: [predictions].
struct FisherGradient: LogitGradient {
  let kind: Fisher
  let tangent: Parameters
  let tstream: Matrix
  let weights: [Float]
  /// Memory for the tangent of the logits, per worker.
  let tangents: [LogitRows]

  func replace(_ rows: Range<Int>, of block: HeadBlock, worker: Int) {
    let t = tangents[worker]
    logitTangents(t, rows, of: block)
    for (i, row) in rows.enumerated() {
      block.replace(row, worker) { drow, policy in
        let tlogits = t.row(i, worker: worker).gathered(block.support(of: row))
        Softmax.tangent(drow, tlogits: tlogits, of: policy)
        switch kind {
        case .exact:
          let weight = block.predictions(of: row).reduce(0) { $0 + weights[$1] }
          Softmax.fisher(drow, tlogProbs: drow, of: policy, weight: weight)
        case .sampled:
          let targets = block.targets(of: row).map {
            ($0.index, weights[$0.prediction] * drow[0, $0.index])
          }
          Softmax.backward(drow, row: 0, of: policy, targets: targets, dEntropy: 0)
        }
      }
    }
  }

  /// The tangent of the block's rows of logits, through the last norm and the head.
  private func logitTangents(_ t: LogitRows, _ rows: Range<Int>, of block: HeadBlock) {
    let (p, w) = (block.parameters, block.workspace)
    for (i, row) in rows.enumerated() {
      let source = Int(block.predictions.rows[block.range.lowerBound + row])
      t.stream.copy(rows: i..<i + 1, from: tstream, first: source)
    }
    RMSNorm.tangent(
      t.normed, tx: t.stream, first: 0, w.stream, rows: rows, gain: p.norm, tgain: tangent.norm,
      rstd: w.scale)
    Linear.tangent(
      t.logits, tx: t.normed, w.normed, rows: 0..<rows.count, xFirst: rows.lowerBound,
      weight: p.head, tweight: tangent.head)
  }
}
