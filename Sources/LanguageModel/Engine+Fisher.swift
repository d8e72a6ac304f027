internal import Kernels

extension Engine {
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
  /// - Parameter kept: Activations of the whole batch, from `forward` or from sampling; where they
  ///   do not hold under `p` they are computed again, piece by piece.
  package func fisherProduct(
    _ p: Parameters, tangent: Parameters, into product: Parameters, _ batch: TokenBatch,
    weights: [Float], temperature: Float, kind: Fisher, kept: Kept? = nil
  ) {
    precondition(weights.count == batch.tokenCount)
    let tangents = head.otherRows(1)[0]
    accumulate(p, gradient: product, batch, kept: kept) { piece, w, headWorkspace in
      let tstream = transformer.tangent(p, along: tangent, piece.activations, w)
      head.backward(
        p, gradient: product, piece.activations, piece.predictions,
        logits: FisherGradient(
          kind: kind, tangent: tangent, tstream: tstream,
          weights: piece.tokens.map { weights[$0] }, tangents: tangents),
        values: nil, temperature: temperature, headWorkspace, w)
    }
  }
}
