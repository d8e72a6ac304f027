public import Formats
import Foundation

/// Variational sequence-level soft policy optimization: a smooth kernel of the whole ratio.
///
///     L = −sg[φ(w)]·Â·log π_θ,   φ(w) = exp( λ + k·ln w − λ·w ) = wᵏ·exp(λ·(1 − w))
///     ln w = Σ_t clip(d_t, ±20) cut to [ln 1e-8, 20],   d_t = logProb_t − oldLogProb_t
///
/// (k, λ) is one pair for Â ≥ 0 and another for Â < 0. Shen et al. 2026
/// (<https://arxiv.org/abs/2602.10693>), the cuts as in TRL. φ(1) = 1 and φ → 0 on both sides: a
/// completion far from what drew it fades, without a bound to jump at.
///
/// Edge cases: φ has no derivative, so the cuts stop none. A completion without an unmasked token
/// has no φ.
public struct VESPO: Sendable, Equatable {
  /// The exponent k and the rate λ of the kernel, both > 0.
  public struct Kernel: Sendable, Equatable {
    /// k > 0: the larger, the faster φ vanishes as the ratio falls to 0.
    public var exponent: Double
    /// λ > 0: the larger, the faster φ vanishes as the ratio grows.
    public var rate: Double

    /// Creates a kernel.
    ///
    /// - Precondition: both are positive and finite.
    public init(exponent: Double, rate: Double) {
      precondition(exponent > 0 && exponent.isFinite && rate > 0 && rate.isFinite)
      self.exponent = exponent
      self.rate = rate
    }

    func callAsFunction(logWeight: Double) -> Double {
      exp(rate + exponent * logWeight - rate * exp(logWeight))
    }
  }

  /// The kernel where Â ≥ 0.
  public var positive: Kernel
  /// The kernel where Â < 0.
  public var negative: Kernel

  /// Creates the term; by default k = 2 and λ = 3 where Â ≥ 0, and k = 3 and λ = 2 where Â < 0.
  public init(
    positive: Kernel = Kernel(exponent: 2, rate: 3),
    negative: Kernel = Kernel(exponent: 3, rate: 2)
  ) {
    self.positive = positive
    self.negative = negative
  }

  /// φ of each token's completion: 0 where the token is masked.
  func weights(of batch: ObjectiveBatch) -> [Double] {
    var weights = [Double](repeating: 0, count: batch.tokenCount)
    let limit = RatioLevel.maximumLogRatio
    for range in batch.completions {
      let tokens = range.filter { batch.mask[$0] }
      let sum = tokens.reduce(0.0) {
        $0 + min(max(batch.logProb[$1] - batch.oldLogProb[$1], -limit), limit)
      }
      let logWeight = min(max(sum, log(1e-8)), limit)
      for t in tokens {
        weights[t] = (batch.advantage[t] >= 0 ? positive : negative)(logWeight: logWeight)
      }
    }
    return weights
  }

  func metrics(batch: ObjectiveBatch) -> [Metric] {
    let weights = weights(of: batch)
    let means = batch.completions.compactMap { range in
      Moments(of: range.filter { batch.mask[$0] }.map { weights[$0] })?.mean
    }
    return [Metric(.vespoWeight, Moments(of: means)?.mean ?? 0)]
  }
}

extension Metric.Name {
  /// The mean of φ over completions, each the mean over its tokens, as TRL has it.
  public static let vespoWeight = Metric.Name("vespo/phi_seq_mean")
}
