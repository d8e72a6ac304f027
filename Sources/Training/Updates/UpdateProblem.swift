internal import Kernels
package import LanguageModel
package import PolicyOptimization

/// What an update solves: an objective on some completions, as a function of the policy.
package struct UpdateProblem {
  package let engine: Engine
  package let policy: Parameters
  /// With its coefficients as they are now.
  private let objective: any Objective
  package let batch: TokenBatch
  /// The batch's completions, by their numbers in the step.
  package let completions: [Int]
  package let temperature: Float
  /// π_old and π_ref, where the objective or the update asks for an exact divergence.
  private let old: ExactDivergence?
  private let reference: ExactDivergence?
  /// The head whose values the objective reads, where it stands on the policy.
  private let valueHead: ScalarHead?
  /// The loss on completions drawn anew; nil where no update asks for it.
  var resampled: ResampledLoss?
  /// What the objective reads.
  package private(set) var inputs: ObjectiveBatch
  /// What `inputs` were read from.
  private var reading: Reading
  /// Activations of all completions, which hold as long as they can.
  private var kept: Kept?

  /// The last writes of what the objective's inputs are computed from.
  private struct Reading: Equatable {
    let policy: Int
    let valueHead: Int?

    init(_ policy: Parameters, _ valueHead: ScalarHead?) {
      self.policy = policy.buffer.lastWrite
      self.valueHead = valueHead?.weight.buffer.lastWrite
    }
  }

  /// - Parameters:
  ///   - inputs: Those of the policy and the value head as they stand, but for exact divergences.
  ///   - kept: Activations of all completions under that policy.
  package init(
    engine: Engine, policy: Parameters, objective: any Objective, batch: TokenBatch,
    completions: [Int], temperature: Float, inputs: ObjectiveBatch, kept: Kept? = nil,
    old: ExactDivergence? = nil, reference: ExactDivergence? = nil, valueHead: ScalarHead? = nil
  ) {
    (self.engine, self.policy, self.objective) = (engine, policy, objective)
    (self.batch, self.completions) = (batch, completions)
    (self.temperature, self.inputs) = (temperature, inputs)
    (self.kept, self.old, self.reference) = (kept, old, reference)
    self.valueHead = valueHead
    reading = Reading(policy, valueHead)
  }

  /// The mean reward, negated, of completions that the policy as it stands draws; of those at hand
  /// without a trial's number.
  package typealias ResampledLoss = (_ trial: Int?) async throws -> Double

  /// Whether the inputs are those of policy and value head as they stand, with all divergences.
  private var inputsHold: Bool {
    reading == Reading(policy, valueHead) && (old == nil || inputs.klOld != nil)
      && (reference == nil || inputs.klReference != nil)
  }

  /// The objective at the policy as it stands.
  mutating func evaluate() -> ObjectiveResult { evaluate(keep: false) }

  /// - Parameter keep: Whether its gradient is asked for next.
  private mutating func evaluate(keep: Bool) -> ObjectiveResult {
    if !inputsHold {
      let forward = engine.forward(
        policy, batch, temperature: temperature, keep: keep, kept: kept, old: old,
        reference: reference, values: valueHead)
      inputs.logProb = forward.logProbs.map(Double.init)
      inputs.entropy = forward.entropies.map(Double.init)
      inputs.klOld = forward.klOld?.map(Double.init)
      inputs.klReference = forward.klReference?.map(Double.init)
      if let values = forward.values { inputs.value = values.map(Double.init) }
      (reading, kept) = (Reading(policy, valueHead), forward.kept)
    }
    return objective(inputs)
  }

  /// The objective at the policy as it stands, and its gradient, which overwrites `gradient` and the
  /// value head's own.
  mutating func evaluate(into gradient: Parameters) -> ObjectiveResult {
    let result = evaluate(keep: true)
    gradient.buffer.fill()
    valueHead?.gradient.buffer.fill()
    func floats(_ column: [Double]?) -> [Float]? { column.map { $0.map(Float.init) } }
    engine.backward(
      policy, gradient: gradient, batch,
      TokenGradient(
        dLogProb: result.dLogProb.map(Float.init), dEntropy: floats(result.dEntropy),
        dKLOld: floats(result.dKLOld), dKLReference: floats(result.dKLReference),
        dValue: floats(result.dValue)), temperature: temperature, old: old, reference: reference,
      values: valueHead, kept: kept)
    return result
  }

  /// Adds the product of the policy's Fisher matrix, as it stands, with a tangent.
  func addFisherProduct(
    of tangent: Parameters, into product: Parameters, weights: [Float], matrix: Fisher
  ) {
    engine.fisherProduct(
      policy, tangent: tangent, into: product, batch, weights: weights, temperature: temperature,
      kind: matrix, kept: kept)
  }

  /// The exact divergence from π_old at the last evaluation: its mean over the unmasked tokens, or
  /// its sum.
  func divergence(mean: Bool) -> Double {
    guard let divergences = inputs.klOld else { preconditionFailure("nothing to compare with") }
    return mean ? inputs.maskedMean { divergences[$0] } : inputs.maskedSum { divergences[$0] }
  }

  func resampledLoss(_ trial: Int?) async throws -> Double {
    guard let resampled else { preconditionFailure("nothing to draw with") }
    return try await resampled(trial)
  }

  /// Weights of a mean over the unmasked tokens, or of their sum.
  func tokenWeights(mean: Bool) -> [Float] {
    let weight = mean ? 1 / Float(max(1, inputs.unmaskedTokenCount)) : 1
    return inputs.mask.map { $0 ? weight : 0 }
  }
}
