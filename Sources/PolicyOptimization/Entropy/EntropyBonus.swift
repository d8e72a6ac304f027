public import Formats

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

  /// Takes in the mean entropy measured after a rollout's last epoch.
  ///
  /// - Precondition: there is one where the coefficient adapts.
  mutating func adapt(entropy: Double?) {
    guard case .adaptive(let adaptive) = control else { return }
    guard let entropy else { preconditionFailure("an adaptive bonus needs the entropy") }
    coefficient = adaptive.coefficient(after: coefficient, entropy: entropy)
    isActive = entropy <= adaptive.target
  }

  /// What a checkpoint must hold: nothing, or coefficient and activity; of what it is set to, its own.
  var state: [String: Double] {
    get {
      if control == .fixed { return [:] }
      return [Metric.Name.entropyCoefficient.text: coefficient, Self.activity: isActive ? 1 : 0]
    }
    set {
      guard control != .fixed, let saved = newValue[Metric.Name.entropyCoefficient.text],
        let activity = newValue[Self.activity]
      else { return }
      (coefficient, isActive) = (saved, activity != 0)
    }
  }

  private static let activity = "entropy_bonus_active"
}

extension Metric.Name {
  /// The mean entropy of π_θ, in nats.
  public static let entropy = Metric.Name("entropy")
  /// What multiplies the entropy: 0 while an adaptive control withholds the bonus.
  public static let entropyCoefficient = Metric.Name("entropy_coef")
}
