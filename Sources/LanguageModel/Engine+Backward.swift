internal import Kernels

extension Engine {
  /// Adds the gradient of an objective's coefficients over all completion tokens, in one pass over the
  /// rows.
  ///
  ///     Σ dLogProb·logProb + Σ dEntropy·entropy + Σ dKLOld·klOld + Σ dKLReference·klReference
  ///       + Σ dValue·value
  ///
  /// The value's goes to the scalar head's own gradient too. With dValue alone no logits are computed.
  /// - Parameters:
  ///   - old: What dKLOld belongs to, as in `forward`; `reference` and `values` likewise.
  ///   - kept: Activations of the whole batch, from `forward` or from sampling; where they do not
  ///     hold under `p` they are computed again, piece by piece.
  package func backward(
    _ p: Parameters, gradient: Parameters, _ batch: TokenBatch, dLogProb: [Float]? = nil,
    dEntropy: [Float]? = nil, dKLOld: [Float]? = nil, dKLReference: [Float]? = nil,
    dValue: [Float]? = nil, temperature: Float, old: ExactDivergence? = nil,
    reference: ExactDivergence? = nil, values scalarHead: ScalarHead? = nil, kept: Kept?
  ) {
    for coefficients in [dLogProb, dEntropy, dKLOld, dKLReference, dValue] {
      precondition(coefficients == nil || coefficients?.count == batch.tokenCount)
    }
    precondition(dKLOld == nil || old != nil)
    precondition(dKLReference == nil || reference != nil)
    precondition(dValue == nil || scalarHead != nil)
    let divergences = [(old, dKLOld), (reference, dKLReference)].compactMap {
      comparison, coefficients in
      comparison.flatMap { comparison in coefficients.map { (comparison, $0) } }
    }
    let needsLogits = dLogProb != nil || dEntropy != nil || !divergences.isEmpty
    accumulate(p, gradient: gradient, batch, kept: kept) { piece, w, headWorkspace in
      func own(_ coefficients: [Float]) -> [Float] { piece.tokens.map { coefficients[$0] } }
      let objective = ObjectiveGradient(
        dLogProb: dLogProb.map(own) ?? Array(repeating: 0, count: piece.tokens.count),
        dEntropy: dEntropy.map(own),
        divergences: divergences.map {
          (ComparedRows(comparison: $0, first: piece.firstRow), own($1))
        }, others: head.otherRows(divergences.count))
      var values: ValueGradient?
      if let scalarHead, let dValue {
        values = ValueGradient(head: scalarHead, dValue: own(dValue))
      }
      head.backward(
        p, gradient: gradient, piece.activations, piece.predictions,
        logits: needsLogits ? objective : nil, values: values, temperature: temperature,
        headWorkspace, w)
    }
  }

  /// Carries what `heads` leaves in the workspace for each piece, the gradient of the residual stream
  /// out of the last layer, back to all parameters.
  func accumulate(
    _ p: Parameters, gradient: Parameters, _ batch: TokenBatch, kept: Kept?,
    heads: (Piece, BackwardWorkspace, HeadWorkspace) -> Void
  ) {
    // With tied weights the head's sum must end before the embedding's begins, whatever the pieces.
    var embedded: [(dx: Matrix, tokens: [Int32], order: [Int32])] = []
    forEachPiece(p, batch, .everything, kept: kept) { piece in
      let a = piece.activations
      let (w, headWorkspace) = workspaces(p, rows: a.rowCount)
      heads(piece, w, headWorkspace)
      transformer.backward(p, gradient: gradient, a, w)
      var dx = w.dstream
      if !piece.isLast {
        dx = Matrix(rows: a.rowCount, columns: configuration.hiddenSize)
        dx.copy(rows: 0..<a.rowCount, from: w.dstream, first: 0)
      }
      embedded.append((dx, a.tokens, a.canonicalOrder().rows))
    }
    let (columns, hiddenSize) = (16, configuration.hiddenSize)
    for piece in embedded {
      transformer.workers.run((hiddenSize + columns - 1) / columns) { task, _ in
        Embedding.backward(
          gradient.embedding, dx: piece.dx, tokens: piece.tokens, index: piece.order,
          columns: Workers.chunk(task, of: hiddenSize, size: columns))
      }
    }
  }
}
