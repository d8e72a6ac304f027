internal import CKernels

/// The distribution over tokens that one row of logits stands for, at a temperature.
///
///     p_j = e^{z_j} / Σ_i e^{z_i},   z = logits / T,   H = −Σ p_j log p_j
///
/// Sampler and trainer both come here, so a token's log-probability is the same number in both.
/// A distribution restricted to a support is the softmax of the logits gathered over the support,
/// in ascending order of token id.
package enum Softmax {
  /// The first `count` numbers of a row: logits, or their tangents.
  package struct Logits: Sendable {
    package let matrix: Matrix
    package let row: Int
    package let count: Int

    package init(_ matrix: Matrix, row: Int, count: Int) {
      precondition(0 < count && count <= matrix.columns)
      (self.matrix, self.row, self.count) = (matrix, row, count)
    }

    var pointer: UnsafeMutablePointer<Float> { unsafe matrix.pointer(row..<row + 1) }
  }

  /// Logits together with what `forward` says about them, in double precision.
  package struct Distribution: Sendable {
    package let logits: Logits
    package let temperature: Float
    /// Row 0 holds e^{z − max z}.
    package let exponentials: Matrix
    /// log Σ e^{z_j}.
    ///
    /// NaN if a logit is NaN or +∞, or all are −∞. A single −∞ has probability 0.
    let logPartition: Double
    package let entropy: Double
    let sum: Double
    var inverseSum: Float { Float(1 / sum) }

    package var count: Int { logits.count }
    package var isFinite: Bool { logPartition.isFinite }

    /// log p of a token from its logit, rounded once to single precision.
    package func logProb(logit: Float) -> Float {
      Float(Double(logit * (1 / temperature)) - logPartition)
    }
  }

  /// The distribution of `logits`; e^{z − max z} goes to row 0 of `exponentials`.
  package static func forward(
    _ exponentials: Matrix, _ logits: Logits, temperature: Float
  ) -> Distribution {
    precondition(logits.count <= exponentials.columns && temperature > 0)
    // SAFETY: both rows have `count` floats; `pointer` checks that they are there.
    let row = unsafe ck_softmax_forward(
      exponentials.pointer(0..<1), logits.pointer, logits.count, 1 / temperature)
    let isFinite = row.sum > 0 && row.sum.isFinite && row.maximum.isFinite
    let logSum = isFinite ? ck_log(row.sum) : .nan
    return Distribution(
      logits: logits, temperature: temperature, exponentials: exponentials,
      logPartition: Double(row.maximum) + logSum, entropy: logSum - row.weighted / row.sum,
      sum: isFinite ? row.sum : .nan)
  }

  /// The index in the row that a number from 0..<1 falls on: index j has length p_j.
  package static func draw(_ d: Distribution, uniform: Double) -> Int {
    precondition(0 <= uniform && uniform < 1)
    return unsafe ck_softmax_draw(d.exponentials.pointer(0..<1), d.count, uniform * d.sum)
  }

  /// The gradient of Σ_i c_i·log p(t_i) + h·H with respect to the logits, written to a row of
  /// dlogits, which may be the row of logits itself.
  ///
  ///     ∂/∂logit_j = (Σ_i c_i·1[j = t_i] − p_j·Σ_i c_i − h·p_j·(log p_j + H)) / T
  package static func backward(
    _ dlogits: Matrix, row: Int, of d: Distribution,
    targets: [(index: Int, coefficient: Float)], dEntropy: Float
  ) {
    precondition(d.count <= dlogits.columns)
    var total: Float = 0
    for target in targets { total += target.coefficient }
    let output = unsafe dlogits.pointer(row..<row + 1)
    unsafe ck_softmax_backward(
      output, d.exponentials.pointer(0..<1), d.logits.pointer, d.count, 1 / d.temperature,
      d.inverseSum, Float(d.logPartition), total, dEntropy, Float(d.entropy))
    for target in targets {
      precondition(0 <= target.index && target.index < d.count)
      unsafe output[target.index] += target.coefficient / d.temperature
    }
  }

  /// The derivative of every log p along tangents of the logits, written to row 0 of tlogProbs, which
  /// may be their row itself.
  ///
  ///     tlog p_j = (tlogits_j − Σ_i p_i·tlogits_i) / T
  package static func tangent(_ tlogProbs: Matrix, tlogits: Logits, of d: Distribution) {
    precondition(d.count == tlogits.count && d.count <= tlogProbs.columns)
    unsafe ck_softmax_tangent(
      tlogProbs.pointer(0..<1), d.exponentials.pointer(0..<1), tlogits.pointer, d.count,
      1 / d.temperature, d.sum)
  }

  /// The distribution's Fisher matrix applied to a tangent of the logits, given as the tangent of the
  /// log-probabilities that it implies, times `weight`.
  ///
  ///     dlogits = weight·(diag p − p pᵀ)·tlogits / T²,   dlogits_j = weight·p_j·tlog p_j / T
  ///
  /// Turns row 0 of tlogProbs into row 0 of dlogits, which may be the same.
  package static func fisher(
    _ dlogits: Matrix, tlogProbs: Matrix, of d: Distribution, weight: Float
  ) {
    precondition(d.count <= tlogProbs.columns && d.count <= dlogits.columns)
    unsafe ck_softmax_fisher(
      dlogits.pointer(0..<1), d.exponentials.pointer(0..<1), tlogProbs.pointer(0..<1), d.count,
      d.inverseSum, weight / d.temperature)
  }
}
