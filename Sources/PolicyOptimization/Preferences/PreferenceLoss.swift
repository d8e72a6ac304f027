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
