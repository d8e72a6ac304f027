public import Formats

/// Takes completions out of the policy term that are bad and that the policy no longer writes.
///
///     keep t  ⇔  Â_t ≥ 0  or  1/n·Σ_t (log π_old − log π_θ) ≤ δ,   n unmasked tokens
///
/// DeepSeek-AI 2025 (DeepSeek-V3.2), eq. 9 (<https://arxiv.org/abs/2512.02556>). A KL penalty, an
/// entropy bonus and the denominators keep these tokens, as in TRL (`off_policy_mask_threshold`).
public struct OffPolicySequenceMask: Sendable, Equatable {
  /// δ > 0, in nats per token.
  public var threshold: Double

  /// Creates a mask.
  ///
  /// - Precondition: `threshold` is positive and finite.
  public init(threshold: Double) {
    precondition(threshold > 0 && threshold.isFinite)
    self.threshold = threshold
  }

  /// Whether each token stays in the policy term; true where the batch masks it anyway.
  ///
  /// Shape: [T].
  public func keeps(_ batch: ObjectiveBatch) -> [Bool] {
    var keeps = [Bool](repeating: true, count: batch.tokenCount)
    for range in batch.completions {
      let tokens = range.filter { batch.mask[$0] }
      let drift = tokens.reduce(0) { $0 + (batch.oldLogProb[$1] - batch.logProb[$1]) }
      let isFar = drift / Double(max(1, tokens.count)) > threshold
      for t in tokens where isFar && batch.advantage[t] < 0 { keeps[t] = false }
    }
    return keeps
  }
}

extension Metric.Name {
  /// Tokens that the mask takes out of the policy term.
  public static let offPolicyMaskedTokens = Metric.Name("off_policy_masked_tokens")
}
