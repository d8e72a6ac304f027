/// The penalty that keeps the policy near the reference, added to every token's loss.
///
///     plain:  β·k(x)          ratio:  β·r·k(x),   x = log π_ref − log π_θ,   r = π_θ / π_old
///
/// The plain form is eq. 3 and 4 of DeepSeekMath (<https://arxiv.org/abs/2402.03300>). The other
/// weights the estimate by the importance ratio, as the completions were drawn from π_old; with k3
/// its gradient is β·r·(log π_θ − log π_ref), the unbiased gradient of KL(π_θ ‖ π_ref). TRL calls
/// it `use_bias_correction_kl`.
public struct KLPenalty: Sendable, Equatable {
  /// What an estimate is multiplied with before it is penalized and logged.
  public enum Weighting: String, Sendable, CaseIterable {
    case plain, ratio
  }

  /// β ≥ 0, usually 0.001 to 0.1; 0 logs the KL and leaves the loss alone.
  public var coefficient: Double
  public var estimator: KLEstimator
  public var weighting: Weighting

  public init(
    coefficient: Double, estimator: KLEstimator = .k3, weighting: Weighting = .plain
  ) {
    precondition(coefficient >= 0 && coefficient.isFinite)
    self.coefficient = coefficient
    self.estimator = estimator
    self.weighting = weighting
  }

  /// One token's estimate before β, and its derivatives.
  struct Term {
    var value: Double
    /// At a constant ratio.
    var dLogProb: Double
    var dLogRatio: Double
    var isClamped: Bool
  }

  func term(logProb: Double, referenceLogProb: Double, ratio: Double) -> Term {
    let kl = estimator(logProb: logProb, referenceLogProb: referenceLogProb)
    return switch weighting {
    case .plain:
      Term(value: kl.value, dLogProb: kl.dLogProb, dLogRatio: 0, isClamped: kl.isClamped)
    case .ratio:
      // d(r·k)/d log r = r·k: added to r·k′ it leaves r·(log π_θ − log π_ref) for k3.
      Term(
        value: ratio * kl.value, dLogProb: ratio * kl.dLogProb, dLogRatio: ratio * kl.value,
        isClamped: kl.isClamped)
    }
  }
}
