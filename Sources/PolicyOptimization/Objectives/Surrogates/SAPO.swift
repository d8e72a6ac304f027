import Foundation

/// Soft adaptive policy optimization: a sigmoid gate in place of the clip.
///
///     L = −(4/τ)·σ(τ·(r − 1))·Â,   τ = τ_positive if Â > 0, else τ_negative
///
/// Gao et al. 2025 (<https://arxiv.org/abs/2511.20347>). ∂L/∂log r = −4·σ·(1 − σ)·r·Â is −Â at
/// r = 1, as for the plain ratio, and fades on both sides; a larger τ fades sooner, and negative
/// advantages are given the larger one.
///
/// Edge cases: Â = 0 gives 0. No ratio overflows: it is bounded before it comes here.
public struct SAPO: Sendable, Equatable {
  /// τ for positive advantages, > 0.
  public var positiveTemperature: Double
  /// τ for the others, > 0.
  public var negativeTemperature: Double

  /// Creates the term with the paper's temperatures.
  ///
  /// - Precondition: both are positive and finite.
  public init(positiveTemperature: Double = 1, negativeTemperature: Double = 1.05) {
    precondition(positiveTemperature > 0 && positiveTemperature.isFinite)
    precondition(negativeTemperature > 0 && negativeTemperature.isFinite)
    self.positiveTemperature = positiveTemperature
    self.negativeTemperature = negativeTemperature
  }

  /// The loss, and its derivative with respect to log r.
  public func callAsFunction(ratio: Double, advantage: Double) -> Surrogate.Term {
    let temperature = advantage > 0 ? positiveTemperature : negativeTemperature
    let gate = 1 / (1 + exp(-temperature * (ratio - 1)))
    return Surrogate.Term(
      loss: -4 / temperature * gate * advantage,
      dLogRatio: -4 * gate * (1 - gate) * ratio * advantage)
  }
}
