public import Formats

/// Keeps the policy term of the tokens at which the policy is least sure.
///
///     keep t  ⇔  H_t ≥ quantile(H of the step's unmasked tokens, 1 − ρ)
///
/// Wang et al. 2025, "Beyond the 80/20 Rule" (<https://arxiv.org/abs/2506.01939>): the forks in the
/// text carry the learning. The quantile interpolates linearly between order statistics, as
/// torch.quantile; ρ is TRL's `top_entropy_quantile`. A KL penalty, an entropy bonus and the
/// denominators keep the other tokens.
///
/// Edge cases: tokens that tie with the quantile stay, so equal entropies keep them all.
public struct HighEntropyMask: Sendable, Equatable {
  /// ρ, the share of tokens that stay: 0 < ρ < 1, the paper's 0.2.
  public var quantile: Double

  /// Creates a mask that keeps a share `quantile` of the step's tokens.
  ///
  /// - Precondition: 0 < `quantile` < 1.
  public init(quantile: Double = 0.2) {
    precondition(0 < quantile && quantile < 1)
    self.quantile = quantile
  }

  /// Whether each token stays in the policy term; true where the batch masks it anyway.
  ///
  /// Shape: [T].
  ///
  /// - Precondition: the batch has entropies.
  public func keeps(_ batch: ObjectiveBatch) -> [Bool] {
    guard let entropy = batch.entropy else {
      preconditionFailure("a high-entropy mask needs entropy")
    }
    let sorted = batch.mask.indices.filter { batch.mask[$0] }.map { entropy[$0] }.sorted()
    guard let last = sorted.last else { return batch.mask.map { _ in true } }
    let position = (1 - quantile) * Double(sorted.count - 1)
    let below = Int(position)
    let above = below + 1 < sorted.count ? sorted[below + 1] : last
    let threshold = sorted[below] + (position - Double(below)) * (above - sorted[below])
    return batch.mask.indices.map { !batch.mask[$0] || entropy[$0] >= threshold }
  }
}

extension Metric.Name {
  /// Tokens that the mask takes out of the policy term.
  public static let entropyMaskedTokens = Metric.Name("entropy_masked_tokens")
}
