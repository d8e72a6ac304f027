import Foundation

/// What one importance ratio belongs to, and how its derivative returns to the tokens.
///
/// d_t = logProb_t − oldLogProb_t is the log-ratio of a token; sums are over a completion's
/// unmasked tokens, of which there are n.
public enum RatioLevel: String, Sendable, CaseIterable {
  /// One ratio per token.
  ///
  ///     r_t = π_θ(o_t) / π_old(o_t) = exp(d_t)
  case token

  /// One ratio per completion: that of its probabilities.
  ///
  ///     r = π_θ(o) / π_old(o) = Π_t r_t = exp(Σ_t d_t)
  ///
  /// The r_i(θ) in which lectures on policy optimization state GRPO. It grows with the length:
  /// on long completions almost every ratio is outside a band that suits one token.
  case sequenceProduct = "sequence-product"

  /// One ratio per completion: the geometric mean of its tokens' ratios.
  ///
  ///     r = exp( 1/n·Σ_t d_t )
  ///
  /// Zheng et al. 2025 (GSPO), eq. 7 (<https://arxiv.org/abs/2507.18071>).
  case sequence

  /// Log-ratios above this are cut to it before the exponential, and counted.
  ///
  /// e^20 ≈ 4.9e8 is far outside every clip range; beyond about e^709 a Double overflows. Below,
  /// no bound is needed: exp of a large negative number is 0 without harm.
  public static let maximumLogRatio = 20.0

  /// The ratio of every token, or of its completion; 1 where the token is masked.
  ///
  /// Shape: [T].
  public func values(of batch: ObjectiveBatch) -> [Double] { ratios(of: batch).values }

  func ratios(of batch: ObjectiveBatch) -> Ratios {
    var ratios = Ratios(count: batch.tokenCount, isShared: self != .token)
    for range in batch.completions {
      let tokens = range.filter { batch.mask[$0] }
      let logRatios = tokens.map { batch.logProb[$0] - batch.oldLogProb[$0] }
      switch self {
      case .token:
        for (t, logRatio) in zip(tokens, logRatios) { ratios.set([t], logRatio: logRatio) }
      case .sequenceProduct:
        ratios.set(tokens, logRatio: logRatios.reduce(0, +))
      case .sequence:
        let count = Double(max(1, tokens.count))
        ratios.set(tokens, logRatio: logRatios.reduce(0, +) / count, slope: 1 / count)
      }
    }
    return ratios
  }
}
