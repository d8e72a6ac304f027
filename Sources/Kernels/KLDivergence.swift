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
package enum KLDivergence {
  /// A distribution as `Softmax.forward` left it: row 0 of `exponentials`, a row of `logits`.
  package struct Row: Sendable {
    let exponentials: Matrix
    let logits: Matrix
    let row: Int
    let statistics: Softmax.Statistics

    package init(
      exponentials: Matrix, logits: Matrix, row: Int, statistics: Softmax.Statistics
    ) {
      (self.exponentials, self.logits, self.row) = (exponentials, logits, row)
      self.statistics = statistics
    }

    fileprivate func distribution(_ count: Int) -> ck_distribution {
      precondition(0 < count && count <= logits.columns && count <= exponentials.columns)
      return unsafe ck_distribution(
        exponentials: exponentials.pointer(0..<1), logits: logits.pointer(row..<row + 1),
        inverse_sum: statistics.inverseSum)
    }
  }

  /// KL(p‖q) over the first `count` entries, 0 or more.
  package static func forward(of p: Row, from q: Row, count: Int, temperature: Float) -> Double {
    guard p.statistics.isFinite, q.statistics.isFinite else { return .nan }
    if count == 1 { return 0 }
    return unsafe ck_kl(
      p.distribution(count), q.distribution(count), count, 1 / temperature, offset(p, q))
  }

  /// Adds the gradient of c·KL(q‖p) + h·KL(p‖q) with respect to p's logits to row 0 of dlogits.
  ///
  ///     ∂KL(q‖p)/∂logit_j = (p_j − q_j) / T
  ///     ∂KL(p‖q)/∂logit_j = p_j·(log p_j − log q_j − KL(p‖q)) / T
  package static func backward(
    _ dlogits: Matrix, policy p: Row, other q: Row, count: Int, temperature: Float,
    dOtherToPolicy c: Float, dPolicyToOther h: Float
  ) {
    precondition(count <= dlogits.columns)
    if count == 1 { return }
    let kl = h == 0 ? 0 : forward(of: p, from: q, count: count, temperature: temperature)
    unsafe ck_kl_backward(
      dlogits.pointer(0..<1), p.distribution(count), q.distribution(count), count,
      1 / temperature, offset(p, q), c, h, Float(kl))
  }

  private static func offset(_ p: Row, _ q: Row) -> Float {
    Float(p.statistics.logPartition - q.statistics.logPartition)
  }
}
