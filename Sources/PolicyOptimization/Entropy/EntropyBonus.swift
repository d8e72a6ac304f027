/// Rewards the policy for being undecided: a term of the loss that keeps it exploring.
///
///     loss ← loss − c·H,   H = Σ m·H_t / max(1, Σ m)
///
/// Williams and Peng 1991; Schulman et al. 2017, eq. 9 (<https://arxiv.org/abs/1707.06347>). H is a
/// mean over the step's unmasked tokens whatever the aggregation of the policy term, as in TRL.
public struct EntropyBonus: Sendable, Equatable {
  /// c ≥ 0, usually 0.001 to 0.01; within the bounds of an adaptive control, which moves it.
  public private(set) var coefficient: Double
  public let control: EntropyControl
  /// Whether the bonus applies at present: always, unless the control withholds it.
  public private(set) var isActive = true

  public init(coefficient: Double, control: EntropyControl = .fixed) {
    precondition(coefficient >= 0 && coefficient.isFinite)
    if case .adaptive(let adaptive) = control {
      precondition(adaptive.minimum <= coefficient && coefficient <= adaptive.maximum)
    }
    self.coefficient = coefficient
    self.control = control
  }

  /// What multiplies the entropy now.
  public var appliedCoefficient: Double { isActive ? coefficient : 0 }

  /// Takes in the mean entropy measured over an update.
  mutating func adapt(entropy: Double) {
    guard case .adaptive(let adaptive) = control else { return }
    coefficient = adaptive.coefficient(after: coefficient, entropy: entropy)
    isActive = entropy <= adaptive.target
  }

  /// What a checkpoint must hold: nothing, or coefficient and activity.
  var state: [Double] {
    get {
      switch control {
      case .fixed: []
      case .adaptive: [coefficient, isActive ? 1 : 0]
      }
    }
    set {
      precondition(newValue.count == state.count)
      guard case .adaptive = control else { return }
      coefficient = newValue[0]
      isActive = newValue[1] != 0
    }
  }
}
