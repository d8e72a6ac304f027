package import Kernels
package import LanguageModel

/// How a gradient moves the policy.
package protocol PolicyUpdate: AnyObject {
  /// Updates made over the whole run.
  var updateCount: Int { get set }

  /// What the next update depends on beside the policy, laid out as parameters are, for a
  /// checkpoint.
  var state: [(name: String, numbers: FloatBuffer)] { get }

  /// Moves the policy of `problem` once, or leaves it exactly as it was.
  ///
  /// - Parameter gradient: Memory for the gradient.
  func update(_ problem: inout UpdateProblem, gradient: Parameters) async throws -> UpdateReport
}

/// What one update did.
package struct UpdateReport: Sendable {
  /// The objective before the update.
  package var loss: Double
  /// Before clipping.
  package var gradientNorm: Double
  /// The step along the direction taken: Adam's learning rate, the step of a line search.
  package var learningRate: Double
  package var statistics: [(name: String, value: Double)]
  /// True where nothing moved.
  package var skipped: Bool
  /// What forbade it to move; nil where nothing did, though no step may have helped.
  package var refusal: UpdateSignal.Refusal?
}
