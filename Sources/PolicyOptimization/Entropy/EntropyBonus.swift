public import Formats

/// Rewards the policy for being undecided: a term of the loss that keeps it exploring.
///
///     loss ← loss − c·H,   H = Σ m·H_t / max(1, Σ m)
///
/// Williams and Peng 1991; Schulman et al. 2017, eq. 9 (<https://arxiv.org/abs/1707.06347>). H is a
/// mean over the step's unmasked tokens whatever the aggregation of the policy term, as in TRL.
public struct EntropyBonus: Sendable, Equatable {
  /// c ≥ 0, usually 0.001 to 0.01.
  public let coefficient: Double

  /// Creates a bonus.
  ///
  /// - Precondition: `coefficient` is finite and at least 0.
  public init(coefficient: Double) {
    precondition(coefficient >= 0 && coefficient.isFinite)
    self.coefficient = coefficient
  }
}

extension Metric.Name {
  /// The mean entropy of π_θ, in nats.
  public static let entropy = Metric.Name("entropy")
  /// The coefficient c of the entropy bonus.
  public static let entropyCoefficient = Metric.Name("entropy_coef")
}
