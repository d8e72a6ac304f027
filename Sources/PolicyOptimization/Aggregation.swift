/// How the losses of tokens become the loss of a step: one weight for each token.
///
///     loss = Σ_t w_t·ℓ_t
public enum Aggregation: String, Sendable, CaseIterable {
  /// The mean over completions of the mean over each one's unmasked tokens.
  ///
  ///     w_t = 1 / (N · max(1, Σ m)),   the sum over the completion of t, N completions in the step
  ///
  /// Shao et al. 2024 (DeepSeekMath), eq. 3. N counts every completion, also one whose tokens
  /// are all masked (truncated, or empty): it adds nothing to the loss, but it makes the
  /// others count less, as in TRL.
  case sequenceMean

  /// The weights of a batch's tokens: 0 where masked, and all of them when nothing counts.
  ///
  /// Shape: [T].
  public func weights(completions: [Range<Int>], mask: [Bool]) -> [Double] {
    var weights = [Double](repeating: 0, count: mask.count)
    switch self {
    case .sequenceMean:
      for range in completions {
        let tokens = range.count { mask[$0] }
        let weight = 1 / (Double(completions.count) * Double(max(1, tokens)))
        for t in range where mask[t] { weights[t] = weight }
      }
    }
    return weights
  }
}
