/// How the losses of tokens become the loss of a step: one weight for each token.
///
///     loss = Σ_t w_t·ℓ_t,   N completions in the step, m the mask
///
/// N counts every completion, also one whose tokens are all masked (truncated, or empty): it adds
/// nothing to the loss, but where N divides it makes the others count less, as in TRL.
public enum Aggregation: Sendable, Equatable {
  /// The mean over completions of the mean over each one's unmasked tokens.
  ///
  ///     w_t = 1 / (N · max(1, Σ m)),   the sum over the completion of t
  ///
  /// Shao et al. 2024 (DeepSeekMath), eq. 3 (<https://arxiv.org/abs/2402.03300>).
  case sequenceMean

  /// The mean over the unmasked tokens of the step, whichever completion they are in.
  ///
  ///     w_t = 1 / max(1, Σ m),   the sum over the step
  ///
  /// Yu et al. 2025 (DAPO), eq. 8 (<https://arxiv.org/abs/2503.14476>).
  case tokenMean

  /// The mean over completions of sums, each divided by the same length L ≥ 1.
  ///
  ///     w_t = 1 / (N·L)
  ///
  /// Liu et al. 2025 (Dr. GRPO), section 3.2 (<https://arxiv.org/abs/2503.20783>), with L the most
  /// tokens a completion may have; also the 1/(|D|·T) of PPO's pseudocode.
  case constantLength(Int)

  /// The mean over completions of sums.
  ///
  ///     w_t = 1 / N
  ///
  /// With ``RatioLevel/sequence`` it makes LUSPO (<https://arxiv.org/abs/2602.05261>): GSPO whose
  /// completions weigh as much as they are long.
  case sequenceSum

  /// The sum over all tokens of the step.
  ///
  ///     w_t = 1
  case sum

  /// The weights of a batch's tokens: 0 where masked, and all of them when nothing counts.
  ///
  /// Shape: [T].
  public func weights(completions: [Range<Int>], mask: [Bool]) -> [Double] {
    let count = Double(completions.count)
    func everywhere(_ weight: Double) -> [Double] { mask.map { $0 ? weight : 0 } }
    switch self {
    case .sequenceMean:
      var weights = [Double](repeating: 0, count: mask.count)
      for range in completions {
        let weight = 1 / (count * Double(max(1, range.count { mask[$0] })))
        for t in range where mask[t] { weights[t] = weight }
      }
      return weights
    case .tokenMean:
      return everywhere(1 / Double(max(1, mask.count { $0 })))
    case .constantLength(let length):
      precondition(length >= 1, "a length has at least one token")
      return everywhere(1 / (count * Double(length)))
    case .sequenceSum:
      return everywhere(1 / count)
    case .sum:
      return everywhere(1)
    }
  }
}
