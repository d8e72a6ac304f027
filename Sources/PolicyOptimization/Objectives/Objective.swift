/// What is minimized: a function of per-token numbers that never sees the model.
///
/// A package can add its own objective: conform a struct that holds its coefficients, and hand
/// it to the training loop.
public protocol Objective: Sendable {
  /// The loss of `batch`, and its derivatives with respect to what the model computes.
  func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult

  /// The coefficients that change from rollout to rollout: what a checkpoint must hold to go on.
  ///
  /// Always as many, in the same order; empty by default, where nothing adapts.
  var adaptiveState: [Double] { get set }

  /// Takes in what was measured over a rollout, after its last update; by default nothing.
  mutating func adapt(to measurement: RolloutMeasurement)
}

extension Objective {
  public var adaptiveState: [Double] {
    get { [] }
    set { precondition(newValue.isEmpty, "nothing adapts") }
  }

  public mutating func adapt(to measurement: RolloutMeasurement) {}
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
  /// Named figures for the log, always in the same order.
  public var statistics: [(name: String, value: Double)]

  public init(
    loss: Double,
    dLogProb: [Double],
    dEntropy: [Double]? = nil,
    dKLOld: [Double]? = nil,
    dKLReference: [Double]? = nil,
    dValue: [Double]? = nil,
    statistics: [(name: String, value: Double)] = []
  ) {
    self.loss = loss
    self.dLogProb = dLogProb
    self.dEntropy = dEntropy
    self.dKLOld = dKLOld
    self.dKLReference = dKLReference
    self.dValue = dValue
    self.statistics = statistics
  }
}
