internal import Foundation

/// The Bradley–Terry loss of a reward model on comparisons.
///
///     loss = 1/n Σ ( −log σ(r_chosen − r_rejected − m) + c·(r_chosen + r_rejected)² )
///
/// m is the comparison's margin. A reward is known only up to a constant for each prompt; centring
/// with c > 0 fixes it near 0. Bradley & Terry 1952; Ouyang et al. 2022, eq. 1
/// (<https://arxiv.org/abs/2203.02155>); the margin is Touvron et al. 2023, eq. 2
/// (<https://arxiv.org/abs/2307.09288>), the centring Eisenstein et al. 2023, section 2
/// (<https://arxiv.org/abs/2312.09244>): TRL's `center_rewards_coefficient`.
public struct PreferenceLoss: Sendable, Equatable {
  /// c ≥ 0, usually 0 to 0.01.
  public let centring: Double

  public init(centring: Double = 0) {
    precondition(centring >= 0 && centring.isFinite)
    self.centring = centring
  }

  /// Two completions of a prompt by their rewards.
  public struct Comparison: Sendable, Equatable {
    public var chosen: Double
    public var rejected: Double
    public var margin: Double

    public init(chosen: Double, rejected: Double, margin: Double = 0) {
      (self.chosen, self.rejected, self.margin) = (chosen, rejected, margin)
    }
  }

  public struct Result: Sendable, Equatable {
    public var loss: Double
    /// ∂loss/∂r_chosen and ∂loss/∂r_rejected of each comparison.
    public var dChosen: [Double]
    public var dRejected: [Double]
  }

  /// Loss and derivatives; no comparison gives loss 0.
  public func callAsFunction(_ comparisons: [Comparison]) -> Result {
    var result = Result(loss: 0, dChosen: [], dRejected: [])
    let n = Double(max(1, comparisons.count))
    for comparison in comparisons {
      let x = comparison.chosen - comparison.rejected - comparison.margin
      let sum = comparison.chosen + comparison.rejected
      // log(1 + e⁻ˣ) without overflow at either end.
      result.loss += (max(-x, 0) + log1p(exp(-abs(x))) + centring * sum * sum) / n
      let slope = -1 / (1 + exp(x))
      result.dChosen.append((slope + 2 * centring * sum) / n)
      result.dRejected.append((-slope + 2 * centring * sum) / n)
    }
    return result
  }
}

/// The squared error of a reward model on given scores.
///
///     loss = 1/n Σ (r − s)²
public struct ScoreLoss: Sendable {
  public init() {}

  /// Loss and ∂loss/∂r of each reward; no score gives loss 0.
  public func callAsFunction(
    rewards: [Double], scores: [Double]
  ) -> (loss: Double, dReward: [Double]) {
    precondition(rewards.count == scores.count)
    let n = Double(max(1, rewards.count))
    let errors = zip(rewards, scores).map { $0 - $1 }
    return (errors.reduce(0) { $0 + $1 * $1 } / n, errors.map { 2 * $0 / n })
  }
}

/// How well rewards agree with comparisons.
public struct PreferenceStatistics: Sendable, Equatable {
  public let count: Int
  /// The share of comparisons whose chosen completion has the larger reward; equal ones are half.
  public let accuracy: Double
  /// The expected calibration error: how far confidence and accuracy are apart.
  ///
  ///     Σ_b n_b/n·|accuracy_b − mean confidence_b|,   confidence σ(|r_chosen − r_rejected|)
  ///
  /// over ten bins of equal width from ½ to 1. Guo et al. 2017, eq. 3
  /// (<https://arxiv.org/abs/1706.04599>).
  public let calibrationError: Double
  /// The mean of r_chosen − r_rejected.
  public let gap: Double

  /// Nil without a comparison.
  public init?(_ comparisons: [PreferenceLoss.Comparison]) {
    if comparisons.isEmpty { return nil }
    count = comparisons.count
    var bins = [(count: Int, right: Double, confidence: Double)](
      repeating: (0, 0, 0), count: 10)
    var (right, gap) = (0.0, 0.0)
    for comparison in comparisons {
      let x = comparison.chosen - comparison.rejected
      let isRight = x > 0 ? 1 : x < 0 ? 0 : 0.5
      let confidence = 1 / (1 + exp(-abs(x)))
      let bin = min(9, max(0, Int((confidence - 0.5) * 20)))
      bins[bin] = (
        bins[bin].count + 1, bins[bin].right + isRight, bins[bin].confidence + confidence
      )
      right += isRight
      gap += x
    }
    let n = Double(count)
    accuracy = right / n
    self.gap = gap / n
    calibrationError = bins.reduce(0) { $0 + abs($1.right - $1.confidence) / n }
  }
}
