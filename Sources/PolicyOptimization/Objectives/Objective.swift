public import Formats

/// What is minimized: a function of per-token numbers that never sees the model.
///
/// To add an objective, conform a struct that holds its coefficients and pass it to
/// `TrainingRun.init(objective:)`, or call it yourself with `TrainablePolicy`.
public protocol Objective: Sendable {
  /// What a batch must have beyond log-probs, entropies, advantages and the mask; default: nothing.
  var needs: Set<ObjectiveNeed> { get }

  /// The loss of `batch`, and its derivatives with respect to what the model computes.
  func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult

  /// What it makes of each token, for display; default: every unmasked token counts, and none is
  /// clipped.
  func tokenTerms(of batch: ObjectiveBatch) -> TokenTerms

  /// The coefficients that change from rollout to rollout, by name; a checkpoint holds them so that
  /// a run can resume.
  ///
  /// The names never change. Default: empty, where nothing adapts.
  var adaptiveState: [String: Double] { get set }

  /// Adapts the coefficients to where the policy stands after the last update of a rollout;
  /// default: does nothing.
  ///
  /// - Parameter completions: how many completions the rollout has.
  mutating func adapt(to measurement: PolicyMeasurement, completions: Int)
}

extension Objective {
  /// Nothing beyond log-probs, entropies, advantages and the mask.
  public var needs: Set<ObjectiveNeed> { [] }

  /// Token ratios; every unmasked token counts, and none is clipped.
  public func tokenTerms(of batch: ObjectiveBatch) -> TokenTerms {
    TokenTerms(
      isInPolicyTerm: batch.mask, ratio: RatioLevel.token.values(of: batch),
      isClipped: batch.mask.map { _ in false })
  }

  /// Empty: nothing adapts.
  ///
  /// - Precondition: a new value is empty.
  public var adaptiveState: [String: Double] {
    get { [:] }
    set { precondition(newValue.isEmpty, "nothing adapts") }
  }

  /// Does nothing.
  public mutating func adapt(to measurement: PolicyMeasurement, completions: Int) {}
}

/// A loss, and the coefficients that turn into gradients at the model's heads.
///
/// Shapes: every array: [T], as in the batch. A derivative is exactly 0 where the token is masked;
/// nil means zero at every token.
public struct ObjectiveResult: Sendable {
  /// The number to minimize.
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
  /// Divergences and entropy, as far as the objective computes them.
  public var measurement: PolicyMeasurement
  /// What the log gets, always in the same order.
  public var metrics: [Metric]

  /// Creates a result; a derivative that is not given is zero at every token.
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
