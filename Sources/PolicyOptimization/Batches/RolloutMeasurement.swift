/// What the engine measured over one rollout, for coefficients that adapt.
public struct RolloutMeasurement: Sendable, Equatable {
  /// The mean divergence between π_old and π_θ after the last epoch, in the penalty's direction.
  public var klOld: Double?
  /// The mean divergence between π_θ and π_ref after the last epoch, in the penalty's direction.
  public var klReference: Double?
  /// The mean entropy of π_θ over the rollout's unmasked tokens, in nats.
  public var entropy: Double?
  /// Completions in the rollout.
  public var completions: Int

  public init(
    klOld: Double? = nil, klReference: Double? = nil, entropy: Double? = nil, completions: Int
  ) {
    precondition(completions >= 0)
    self.klOld = klOld
    self.klReference = klReference
    self.entropy = entropy
    self.completions = completions
  }
}
