public import Formats

/// What is minimized: a function of per-token numbers that never sees the model.
///
/// A package can add its own objective: conform a struct that holds its coefficients, and hand
/// it to the training loop.
public protocol Objective: Sendable {
  /// What a batch must have for it; by default nothing further.
  var needs: Set<ObjectiveNeed> { get }

  /// The loss of `batch`, and its derivatives with respect to what the model computes.
  func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult

  /// What it makes of single tokens; by default every unmasked one counts, and none is clipped.
  func tokenTerms(of batch: ObjectiveBatch) -> TokenTerms

  /// The coefficients that change from rollout to rollout: what a checkpoint must hold to go on.
  ///
  /// Always of the same names; empty by default, where nothing adapts.
  var adaptiveState: [String: Double] { get set }

  /// Takes in where the policy stands after the last update of a rollout; by default nothing.
  mutating func adapt(to measurement: PolicyMeasurement, completions: Int)
}

extension Objective {
  public var needs: Set<ObjectiveNeed> { [] }

  public func tokenTerms(of batch: ObjectiveBatch) -> TokenTerms {
    TokenTerms(
      isInPolicyTerm: batch.mask, ratio: RatioLevel.token.values(of: batch),
      isClipped: batch.mask.map { _ in false })
  }

  public var adaptiveState: [String: Double] {
    get { [:] }
    set { precondition(newValue.isEmpty, "nothing adapts") }
  }

  public mutating func adapt(to measurement: PolicyMeasurement, completions: Int) {}
}

/// A loss, and the coefficients that turn into gradients at the model's heads.
///
/// Shapes: every array: [T], as in the batch. A derivative is exactly 0 where the token is masked;
/// nil means zero at every token.
public struct ObjectiveResult: Sendable {
  /// To be minimized.
  public var loss: Double
  /// ∂loss/∂logProb.
  public var dLogProb: [Double]
  /// ∂loss/∂entropy.
  public var dEntropy: [Double]?
  /// ∂loss/∂klOld.
  public var dKLOld: [Double]?
  /// ∂loss/∂klReference.
  public var dKLReference: [Double]?
  /// ∂loss/∂value.
  public var dValue: [Double]?
  /// Where the policy stands, as far as the objective looks.
  public var measurement: PolicyMeasurement
  /// For the log, always in the same order.
  public var metrics: [Metric]

  public init(
    loss: Double, dLogProb: [Double], dEntropy: [Double]? = nil, dKLOld: [Double]? = nil,
    dKLReference: [Double]? = nil, dValue: [Double]? = nil,
    measurement: PolicyMeasurement = PolicyMeasurement(), metrics: [Metric] = []
  ) {
    (self.loss, self.dLogProb, self.dEntropy, self.dKLOld) = (loss, dLogProb, dEntropy, dKLOld)
    (self.dKLReference, self.dValue, self.measurement) = (dKLReference, dValue, measurement)
    self.metrics = metrics
  }
}
