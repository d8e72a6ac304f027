package import Kernels

/// A loss and the norm of its gradient: what every update begins with.
///
/// One rule holds for policies, value functions, reward models and the warm start. Nothing moves,
/// neither weights nor moments nor the count of updates, where the gradient is exactly zero (all
/// rewards alike, no penalty), since momentum would move the weights on no signal, and where a
/// number is not finite, or would not be once it is written.
package struct UpdateSignal: Sendable, Equatable {
  package let loss: Double
  /// Before clipping; of several gradients that move together, that of all.
  package let norm: Double

  /// Why nothing may move.
  package enum Refusal: Sendable {
    /// The gradient is exactly zero.
    case noGradient
    /// The loss or the gradient is not finite, or too large for what is written of it.
    case overflow
  }

  package init(loss: Double, norm: Double) { (self.loss, self.norm) = (loss, norm) }

  package init(loss: Double, gradients: [FloatBuffer], workers: Workers) {
    let norms = gradients.map { $0.euclideanNorm(workers) }
    self.init(
      loss: loss,
      norm: norms.count == 1 ? norms[0] : norms.reduce(0) { $0 + $1 * $1 }.squareRoot())
  }

  /// What forbids to move; nil where nothing does.
  ///
  /// - Parameter largestNorm: That up to which all that is written of the gradient is finite.
  package func refusal(largestNorm: Double = .greatestFiniteMagnitude) -> Refusal? {
    guard loss.isFinite, norm.isFinite, norm <= largestNorm else { return .overflow }
    return norm == 0 ? .noGradient : nil
  }
}
