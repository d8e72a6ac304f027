internal import Formats

/// Geometric-mean policy optimization: one ratio per completion, of token ratios each clipped.
///
///     L = −r·Â,   r = exp( 1/n·Σ_t c_t ),   d_t = logProb_t − oldLogProb_t
///     c_t = min(d_t, ε_high) if Â > 0,   max(d_t, −ε_low) if Â < 0
///
/// Zhao et al. 2025 (<https://arxiv.org/abs/2507.20673>). The clip is in log space, token by token,
/// and on the side where PPO's is; a clipped token lends the mean its bound and gets no gradient.
///
/// Edge cases: d exactly on a bound keeps its gradient. Â = 0 clips nothing and gives 0.
public struct GMPO: Sendable, Equatable {
  /// ε_low > 0, in nats.
  public var epsilonLow: Double
  /// ε_high > 0, in nats.
  public var epsilonHigh: Double

  /// Creates the term with the paper's 0.4, and with ε_high = ε_low unless given.
  ///
  /// - Precondition: both are positive and finite.
  public init(epsilonLow: Double = 0.4, epsilonHigh: Double? = nil) {
    self.epsilonLow = epsilonLow
    self.epsilonHigh = epsilonHigh ?? epsilonLow
    precondition(self.epsilonLow > 0 && self.epsilonLow.isFinite)
    precondition(self.epsilonHigh > 0 && self.epsilonHigh.isFinite)
  }

  /// Where the clip takes a token's gradient away; nil where it does not.
  public func clippedSide(
    logRatio: Double, advantage: Double
  ) -> ClippedSurrogate.ClippedSide? {
    if logRatio < -epsilonLow && advantage < 0 { return .low }
    if logRatio > epsilonHigh && advantage > 0 { return .high }
    return nil
  }

  func ratios(of batch: ObjectiveBatch) -> Ratios {
    var ratios = Ratios(count: batch.tokenCount, isShared: true)
    for range in batch.completions {
      let tokens = range.filter { batch.mask[$0] }
      let count = Double(max(1, tokens.count))
      let sum = tokens.reduce(0.0) { sum, t in
        let bounded =
          switch side(of: t, in: batch) {
          case .low: -epsilonLow
          case .high: epsilonHigh
          case nil: batch.logProb[t] - batch.oldLogProb[t]
          }
        return sum + bounded
      }
      ratios.set(tokens, logRatio: sum / count) { t in
        side(of: t, in: batch) == nil ? 1 / count : 0
      }
    }
    return ratios
  }

  /// `clip_ratio/*`, by token: the clip acts on tokens, though they share a ratio.
  func metrics(batch: ObjectiveBatch) -> [Metric] {
    batch.clipMetrics(perCompletion: false) { side(of: $0, in: batch) }
  }

  func side(of token: Int, in batch: ObjectiveBatch) -> ClippedSurrogate.ClippedSide? {
    clippedSide(
      logRatio: batch.logProb[token] - batch.oldLogProb[token], advantage: batch.advantage[token])
  }
}
