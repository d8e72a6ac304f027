package import Formats
package import Kernels
package import LanguageModel
package import PolicyOptimization

/// How a gradient moves the policy.
package protocol PolicyUpdate: AnyObject {
  /// Updates made over the whole run.
  var updateCount: Int { get set }

  /// What the next update depends on beside the policy, laid out as parameters are, for a
  /// checkpoint.
  var state: [(name: String, numbers: FloatBuffer)] { get }

  /// Moves the policy of `problem` once, or leaves it exactly as it was.
  ///
  /// - Parameters:
  ///   - before: The objective at the policy as it stands.
  ///   - gradient: Its gradient.
  func update(
    _ problem: inout UpdateProblem, from before: ObjectiveResult, along gradient: Parameters
  ) async throws -> UpdateReport
}

/// An update about to be made: what it reads, and what the objective says to it.
package struct PendingUpdate {
  /// Counted from 0 in the step.
  package let index: Int
  /// The pass over the step's completions that it is part of, from 0.
  package let epoch: Int
  /// The completions that it is made on, by their numbers in the step.
  package let completions: [Int]
  package let objective: any Objective
  package let inputs: ObjectiveBatch
  package let result: ObjectiveResult
}

/// What one update did.
package struct UpdateReport: Sendable {
  /// The objective before the update.
  package var loss: Double
  /// Before clipping.
  package var gradientNorm: Double
  /// The step along the direction taken: Adam's learning rate, the step of a line search.
  package var learningRate = 0.0
  package var metrics: [Metric]
  /// True where nothing moved.
  package var skipped = true
  /// What forbade it to move; nil where nothing did, though no step may have helped.
  package var refusal: UpdateSignal.Refusal?

  /// Of an update that has not moved anything yet.
  init(
    of before: ObjectiveResult, _ signal: UpdateSignal, refusal: UpdateSignal.Refusal?
  ) {
    (loss, gradientNorm, metrics) = (before.loss, signal.norm, before.metrics)
    self.refusal = refusal
  }
}
