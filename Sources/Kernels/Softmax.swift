internal import CKernels

/// The distribution over tokens that one row of logits stands for, at a temperature.
///
///     p_j = e^{z_j} / Σ_i e^{z_i},   z = logits / T,   H = −Σ p_j log p_j
///
/// Sampler and trainer both come here, so a token's log-probability is the same number in both.
/// A distribution restricted to a support is the softmax of the logits gathered over the support,
/// in ascending order of token id.
package enum Softmax {
  /// What a row says, in double precision.
  package struct Statistics: Sendable {
    /// log Σ e^{z_j}.
    ///
    /// NaN if a logit is NaN or +∞, or all are −∞. A single −∞ has probability 0.
    package let logPartition: Double
    package let entropy: Double
    let sum: Double
    var inverseSum: Float { Float(1 / sum) }

    package var isFinite: Bool { logPartition.isFinite }

    /// log p of a token from its logit, rounded once to single precision.
    package func logProb(logit: Float, temperature: Float) -> Float {
      Float(Double(logit * (1 / temperature)) - logPartition)
    }
  }

  /// A row of logits together with what `forward` says about its first `count` entries.
  package struct Distribution: Sendable {
    /// Row 0 holds e^{z − max z}.
    package let exponentials: Matrix
    package let logits: Matrix
    package let row: Int
    package let count: Int
    package let temperature: Float
    package let statistics: Statistics

    /// Runs `forward`.
    package init(exponentials: Matrix, logits: Matrix, row: Int, count: Int, temperature: Float) {
      (self.exponentials, self.logits, self.row) = (exponentials, logits, row)
      (self.count, self.temperature) = (count, temperature)
      statistics = Softmax.forward(
        exponentials, logits, row: row, count: count, temperature: temperature)
    }
  }

  /// Writes e^{z − max z} of the first `count` logits of a row to row 0 of `exponentials`.
  package static func forward(
    _ exponentials: Matrix, _ logits: Matrix, row: Int, count: Int, temperature: Float
  ) -> Statistics {
    precondition(0 < count && count <= logits.columns && count <= exponentials.columns)
    precondition(temperature > 0)
    let result = unsafe ck_softmax(
      exponentials.pointer(0..<1), logits.pointer(row..<row + 1), count, 1 / temperature)
    guard result.sum > 0, result.sum.isFinite, result.maximum.isFinite else {
      return Statistics(logPartition: .nan, entropy: .nan, sum: .nan)
    }
    let logSum = ck_log(result.sum)
    return Statistics(
      logPartition: Double(result.maximum) + logSum, entropy: logSum - result.weighted / result.sum,
      sum: result.sum)
  }

  /// The place in the row that a number from 0..<1 falls on: place j has length p_j.
  package static func draw(
    _ exponentials: Matrix, count: Int, statistics: Statistics, uniform: Double
  ) -> Int {
    precondition(0 < count && count <= exponentials.columns && 0 <= uniform && uniform < 1)
    return unsafe ck_draw(exponentials.pointer(0..<1), count, uniform * statistics.sum)
  }

  /// The gradient of Σ_i c_i·log p(t_i) + h·H with respect to the logits, written to a row of
  /// dlogits, which may be the row of logits itself; `exponentials` is what `forward` wrote.
  ///
  ///     ∂/∂logit_j = (Σ_i c_i·1[j = t_i] − p_j·Σ_i c_i − h·p_j·(log p_j + H)) / T
  package static func backward(
    _ dlogits: Matrix, row: Int, exponentials: Matrix, logits: Matrix, logitsRow: Int, count: Int,
    temperature: Float, statistics: Statistics, targets: [(token: Int, coefficient: Float)],
    dEntropy: Float
  ) {
    precondition(0 < count && count <= logits.columns && count <= dlogits.columns)
    precondition(count <= exponentials.columns)
    var total: Float = 0
    for target in targets { total += target.coefficient }
    let output = unsafe dlogits.pointer(row..<row + 1)
    unsafe ck_softmax_backward(
      output, exponentials.pointer(0..<1), logits.pointer(logitsRow..<logitsRow + 1), count,
      1 / temperature, statistics.inverseSum, Float(statistics.logPartition), total, dEntropy,
      Float(statistics.entropy))
    for target in targets {
      precondition(0 <= target.token && target.token < count)
      unsafe output[target.token] += target.coefficient / temperature
    }
  }

  /// The derivative of every log p along a row of tangents of the logits, written to row 0 of
  /// tlogProbs, which may be that row itself.
  ///
  ///     tlog p_j = (tlogits_j − Σ_i p_i·tlogits_i) / T
  package static func tangent(
    _ tlogProbs: Matrix, tlogits: Matrix, row: Int, of d: Distribution
  ) {
    precondition(d.count <= tlogits.columns && d.count <= tlogProbs.columns)
    unsafe ck_softmax_tangent(
      tlogProbs.pointer(0..<1), d.exponentials.pointer(0..<1), tlogits.pointer(row..<row + 1),
      d.count, 1 / d.temperature, d.statistics.sum)
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
      d.statistics.inverseSum, weight / d.temperature)
  }
}
