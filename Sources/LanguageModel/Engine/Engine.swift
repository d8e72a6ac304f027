package import Kernels

/// Runs a model over whole batches within a memory budget.
///
/// Log-probabilities, divergences and values forward, gradients and Fisher-vector products back.
/// Results do not depend on the budget, bit for bit.
package final class Engine {
  package let configuration: ModelConfiguration
  package let transformer: Transformer
  package let head: TokenHead
  package let memory: EngineMemory

  /// - Parameter activationBytes: Memory for activations and their gradients; one question's rows
  ///   are always held, whatever they take.
  package init(_ configuration: ModelConfiguration, workers: Workers, activationBytes: Int) {
    self.configuration = configuration
    transformer = Transformer(configuration, workers: workers)
    head = TokenHead(transformer)
    memory = EngineMemory(configuration, workers: workers.count, budget: activationBytes)
  }

  /// An engine with threads of its own.
  package convenience init(
    _ configuration: ModelConfiguration, threads: Int, activationBytes: Int = 1 << 30
  ) {
    self.init(
      configuration, workers: Workers(count: threads), activationBytes: activationBytes)
  }

  // MARK: Forward

  /// What the heads say about every completion token, in canonical order, and the activations if
  /// those of the whole batch were kept.
  package struct Forward {
    package var logProbs: [Float]
    package var entropies: [Float]
    /// Exact divergences from the policies compared with, in the directions asked for.
    package var klOld: [Float]?
    package var klReference: [Float]?
    /// V of the state before each token.
    package var values: [Float]?
    package var kept: Kept?
  }

  /// - Parameters:
  ///   - keep: Whether a backward pass over the same parameters follows.
  ///   - kept: Activations of the whole batch, from sampling or an earlier call: while they hold
  ///     under `p`, only the heads run.
  package func forward(
    _ p: Parameters, _ batch: TokenBatch, temperature: Float, keep: Bool,
    kept: Kept? = nil, old: ExactDivergence? = nil, reference: ExactDivergence? = nil,
    values scalarHead: ScalarHead? = nil
  ) -> Forward {
    let zeros = [Float](repeating: 0, count: batch.tokenCount)
    var values = zeros
    var result = Forward(
      logProbs: zeros, entropies: zeros, klOld: old.map { _ in zeros },
      klReference: reference.map { _ in zeros })
    forEachMicroBatch(p, batch, retention(batch, keep: keep), kept: kept) { micro in
      let scores = head.scores(
        p, micro.activations, micro.predictions, temperature: temperature,
        old: head.rows(old: old, from: micro.firstRow),
        reference: head.rows(reference: reference, from: micro.firstRow))
      for (k, token) in micro.tokens.enumerated() {
        result.logProbs[token] = scores.logProbs[k]
        result.entropies[token] = scores.entropies[k]
        if let klOld = scores.klOld { result.klOld?[token] = klOld[k] }
        if let klReference = scores.klReference { result.klReference?[token] = klReference[k] }
      }
      if let scalarHead { micro.write(readings(p, micro, scalarHead), to: &values) }
      result.kept = micro.kept(p)
    }
    if scalarHead != nil { result.values = values }
    return result
  }

  /// Computes the rows of `a` from `first` on, and calls `body(i, row)` with the logits of `rows[i]`,
  /// which are among them.
  ///
  /// Calls for different rows may run at the same time.
  package func forEachRow(
    _ p: Parameters, _ a: Activations, rows: [Int32], from first: Int,
    _ body: @Sendable (_ i: Int, _ row: LogitRow) -> Void
  ) {
    transformer.forward(p, a, from: first)
    head.forEachRow(p, a, rows: rows, from: first, body)
  }

  /// The value of the state before each completion token, and the activations if kept.
  package struct Values {
    package var values: [Float]
    package var kept: Kept?
  }

  /// The values alone, where the transformer is a value function's own and has no use for logits.
  package func values(
    _ p: Parameters, _ batch: TokenBatch, _ scalarHead: ScalarHead, keep: Bool
  ) -> Values {
    var result = Values(values: Array(repeating: 0, count: batch.tokenCount))
    forEachMicroBatch(p, batch, retention(batch, keep: keep)) { micro in
      micro.write(readings(p, micro, scalarHead), to: &result.values)
      result.kept = micro.kept(p)
    }
    return result
  }

  /// What later policies can be compared with: the last layer's rows under `p`.
  package func hiddenStates(_ p: Parameters, _ batch: TokenBatch) -> HiddenStates {
    let rows = batch.questions.reduce(0) { $0 + $1.predictionRowCount }
    let hidden = HiddenStates(
      stream: Matrix(rows: rows, columns: configuration.hiddenSize), parameters: p)
    forEachMicroBatch(p, batch, .keysAndValues) { $0.copy(to: hidden) }
    return hidden
  }

  private func readings(_ p: Parameters, _ micro: MicroBatch, _ scalarHead: ScalarHead) -> Matrix {
    scalarHead.forward(transformer, p, micro.activations, rows: micro.predictions.rows)
  }

  private func retention(_ batch: TokenBatch, keep: Bool) -> Activations.Retention {
    let rows = batch.questions.reduce(0) { $0 + $1.rowCount }
    return keep && memory.canKeep(rows: rows) ? .everything : .keysAndValues
  }

  // MARK: Backward

  /// Adds the gradient of an objective over all completion tokens, in one pass over the rows.
  ///
  ///     Σ dLogProb·logProb + Σ dEntropy·entropy + Σ dKLOld·klOld + Σ dKLReference·klReference
  ///       + Σ dValue·value
  ///
  /// The value's goes to the scalar head's own gradient too. With dValue alone no logits are computed.
  /// - Parameters:
  ///   - old: What dKLOld belongs to, as in `forward`; `reference` and `values` likewise.
  ///   - kept: Activations of the whole batch, from `forward` or from sampling; where they do not
  ///     hold under `p` they are computed again, one micro-batch after the other.
  package func backward(
    _ p: Parameters, gradient: Parameters, _ batch: TokenBatch, _ objective: TokenGradient,
    temperature: Float, old: ExactDivergence? = nil, reference: ExactDivergence? = nil,
    values scalarHead: ScalarHead? = nil, kept: Kept?
  ) {
    precondition(objective.holds(batch.tokenCount))
    precondition(objective.dKLOld == nil || old != nil)
    precondition(objective.dKLReference == nil || reference != nil)
    precondition(objective.dValue == nil || scalarHead != nil)
    accumulate(p, gradient: gradient, batch, kept: kept) { micro, headWorkspace, workspace in
      let own = objective.selecting(micro.tokens)
      let logits = ObjectiveGradient(
        gradient: own, old: head.rows(old: old, from: micro.firstRow),
        reference: head.rows(reference: reference, from: micro.firstRow))
      var values: ValueGradient?
      if let scalarHead, let dValue = own.dValue {
        values = ValueGradient(head: scalarHead, dValue: dValue)
      }
      head.backward(
        p, gradient: gradient, micro.activations, micro.predictions,
        logits: objective.needsLogits ? logits : nil, values: values, temperature: temperature,
        headWorkspace, workspace)
    }
  }

  /// Adds the product of the policy's Fisher matrix with a tangent of its parameters.
  ///
  ///     product += Σ_t w_t·J_tᵀ·(diag p_t − p_t p_tᵀ)·J_t·v / T²      (exact)
  ///     product += Σ_t w_t·∇log π(a_t)·⟨∇log π(a_t), v⟩               (sampled)
  ///
  /// J_t is the derivative of the logits that predict token t, v the tangent. Schulman et al. 2015,
  /// "Trust Region Policy Optimization", appendix C (<https://arxiv.org/abs/1502.05477>). One pass of
  /// tangents forward and one of gradients back; no matrix is built. Over a recorded support p is the
  /// distribution it restricts. Weights of 1/N give the mean over N tokens.
  ///
  /// Shapes: tangent, product: as the parameters; weights: [completion tokens].
  /// - Parameter kept: as in `backward`.
  package func fisherProduct(
    _ p: Parameters, tangent: Parameters, into product: Parameters, _ batch: TokenBatch,
    weights: [Float], temperature: Float, kind: Fisher, kept: Kept? = nil
  ) {
    precondition(weights.count == batch.tokenCount)
    accumulate(p, gradient: product, batch, kept: kept) { micro, headWorkspace, workspace in
      let tstream = transformer.tangent(p, along: tangent, micro.activations, workspace)
      let logits = FisherGradient(
        kind: kind, tangent: tangent, tstream: tstream,
        weights: micro.tokens.map { weights[$0] }, tangents: head.tangentRows)
      head.backward(
        p, gradient: product, micro.activations, micro.predictions, logits: logits, values: nil,
        temperature: temperature, headWorkspace, workspace)
    }
  }

  /// Carries what `heads` leaves in the workspace for each micro-batch, the gradient of the residual
  /// stream out of the last layer, back to all parameters.
  private func accumulate(
    _ p: Parameters, gradient: Parameters, _ batch: TokenBatch, kept: Kept?,
    heads: (MicroBatch, HeadWorkspace, BackwardWorkspace) -> Void
  ) {
    // With tied weights the head's sum must end before the embedding's begins, whatever the
    // micro-batches.
    var embedded: [(dx: Matrix, tokens: [Int32], order: [Int32])] = []
    forEachMicroBatch(p, batch, .everything, kept: kept) { micro in
      let a = micro.activations
      let workspace = memory.backwardWorkspace(p, rows: a.rowCount)
      heads(micro, memory.headWorkspace(p), workspace)
      transformer.backward(p, gradient: gradient, a, workspace)
      var dx = workspace.dstream
      if !micro.isLast {
        dx = Matrix(rows: a.rowCount, columns: configuration.hiddenSize)
        dx.copy(rows: 0..<a.rowCount, from: workspace.dstream, first: 0)
      }
      embedded.append((dx, a.tokens, a.canonicalOrder().rows))
    }
    for (dx, tokens, order) in embedded {
      transformer.workers.run(0..<configuration.hiddenSize, chunksOf: 16) { columns, _ in
        Embedding.backward(
          gradient.embedding, dx: dx, tokens: tokens, index: order, columns: columns)
      }
    }
  }
}
