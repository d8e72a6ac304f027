import Foundation

/// What one importance ratio belongs to, and how its derivative returns to the tokens.
public enum RatioLevel: String, Sendable, CaseIterable {
  /// One ratio per token.
  ///
  ///     r_t = π_θ(o_t) / π_old(o_t) = exp(logProb_t − oldLogProb_t)
  case token

  /// Log-ratios above this are cut to it before the exponential, and counted.
  ///
  /// e^20 ≈ 4.9e8 is far outside every clip range; beyond about e^709 a Double overflows. Below,
  /// no bound is needed: exp of a large negative number is 0 without harm.
  public static let maximumLogRatio = 20.0

  /// Ratios of a batch, and whether each was cut.
  struct Ratios {
    /// exp(min(log-ratio, 20)); 1 where the token is masked.
    var values: [Double]
    var isClamped: [Bool]
  }

  func ratios(of batch: ObjectiveBatch) -> Ratios {
    var ratios = Ratios(
      values: Array(repeating: 1, count: batch.tokenCount),
      isClamped: Array(repeating: false, count: batch.tokenCount))
    switch self {
    case .token:
      for t in batch.mask.indices where batch.mask[t] {
        let logRatio = batch.logProb[t] - batch.oldLogProb[t]
        ratios.isClamped[t] = logRatio > Self.maximumLogRatio
        ratios.values[t] = exp(ratios.isClamped[t] ? Self.maximumLogRatio : logRatio)
      }
    }
    return ratios
  }

  /// Accumulates into `dLogProb` what ∂loss/∂log-ratio amounts to; a cut ratio is constant.
  func pullBack(
    _ dLogRatio: [Double], through ratios: Ratios, of batch: ObjectiveBatch,
    into dLogProb: inout [Double]
  ) {
    switch self {
    case .token:
      for t in batch.mask.indices where batch.mask[t] && !ratios.isClamped[t] {
        dLogProb[t] += dLogRatio[t]
      }
    }
  }
}
