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

  /// Creates the loss; by default without centring.
  ///
  /// - Precondition: `centring` is finite and at least 0.
  public init(centring: Double = 0) {
    precondition(centring >= 0 && centring.isFinite)
    self.centring = centring
  }

  /// The rewards of two completions of one prompt, of which one was preferred.
  public struct Comparison: Sendable, Equatable {
    /// r_chosen, the reward of the preferred completion.
    public var chosen: Double
    /// r_rejected, the reward of the other.
    public var rejected: Double
    /// m, subtracted from r_chosen − r_rejected; 0 for none.
    public var margin: Double

    /// Creates a comparison.
    public init(chosen: Double, rejected: Double, margin: Double = 0) {
      (self.chosen, self.rejected, self.margin) = (chosen, rejected, margin)
    }
  }

  /// The loss and its derivatives.
  ///
  /// Shapes: dChosen, dRejected: [comparisons].
  public struct Result: Sendable, Equatable {
    /// The mean over comparisons.
    public var loss: Double
    /// ∂loss/∂r_chosen of each comparison.
    public var dChosen: [Double]
    /// ∂loss/∂r_rejected of each comparison.
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
