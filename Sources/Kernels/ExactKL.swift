internal import CKernels

/// The Kullback–Leibler divergence of two rows of logits at one temperature, exactly: over every
/// token.
///
///     KL(p‖q) = Σ_j p_j log(p_j / q_j) = Σ_j p_j (e^{u_j} − 1 − u_j),   u_j = log q_j − log p_j
///
/// Kullback & Leibler 1951, eq. 2.3 (<https://doi.org/10.1214/aoms/1177729694>); the second form has no
/// negative term, so that equal rows give exactly 0 and close ones keep their digits. A token that
/// only p can draw counts as 1000·p_j; a single token is certain, so its divergence is 0. NaN if a row's
/// statistics are not finite.
package enum ExactKL {
  /// KL(p‖q), 0 or more.
  package static func forward(of p: Softmax.Distribution, from q: Softmax.Distribution) -> Double {
    precondition(p.count == q.count && p.temperature == q.temperature)
    guard p.isFinite, q.isFinite else { return .nan }
    if p.count == 1 { return 0 }
    // SAFETY: both rows have `count` floats; nothing is kept.
    return unsafe ck_exact_kl_forward(row(p), row(q), p.count, 1 / p.temperature, offset(p, q))
  }

  /// Adds the gradient of c·KL(q‖p) + h·KL(p‖q) with respect to p's logits to row 0 of dlogits.
  ///
  ///     ∂KL(q‖p)/∂logit_j = (p_j − q_j) / T
  ///     ∂KL(p‖q)/∂logit_j = p_j·(log p_j − log q_j − KL(p‖q)) / T
  package static func backward(
    _ dlogits: Matrix, policy p: Softmax.Distribution, other q: Softmax.Distribution,
    dOtherToPolicy c: Float, dPolicyToOther h: Float
  ) {
    precondition(p.count <= dlogits.columns)
    precondition(p.count == q.count && p.temperature == q.temperature)
    if p.count == 1 { return }
    let kl = h == 0 ? 0 : forward(of: p, from: q)
    unsafe ck_exact_kl_backward(
      dlogits.pointer(0..<1), row(p), row(q), p.count, 1 / p.temperature, offset(p, q), c, h,
      Float(kl))
  }

  private static func row(_ d: Softmax.Distribution) -> ck_distribution {
    unsafe ck_distribution(
      exponentials: d.exponentials.pointer(0..<1), logits: d.logits.pointer,
      inverse_sum: d.inverseSum)
  }

  private static func offset(_ p: Softmax.Distribution, _ q: Softmax.Distribution) -> Float {
    Float(p.logPartition - q.logPartition)
  }
}
