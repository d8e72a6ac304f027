public import Formats
import Foundation

/// The importance ratios of a batch, and the way back from a ratio to the tokens it is made of.
struct Ratios {
  /// exp(min(log-ratio, 20)); 1 where the token is masked.
  private(set) var values: [Double]
  /// Whether the token's ratio was cut; a cut ratio is constant.
  private(set) var isClamped: [Bool]
  /// Whether all tokens of a completion have the same ratio.
  let isShared: Bool
  /// ∂ log-ratio / ∂ logProb of each token, for the ratio the token takes part in.
  private var slopes: [Double]

  init(count: Int, isShared: Bool) {
    values = Array(repeating: 1, count: count)
    isClamped = Array(repeating: false, count: count)
    slopes = Array(repeating: 0, count: count)
    self.isShared = isShared
  }

  /// One ratio for `tokens`, each of which moves its logarithm by `slope`.
  mutating func set(_ tokens: [Int], logRatio: Double, slope: Double = 1) {
    set(tokens, logRatio: logRatio) { _ in slope }
  }

  /// One ratio for `tokens`, each of which moves its logarithm by a slope of its own.
  mutating func set(_ tokens: [Int], logRatio: Double, slope: (_ token: Int) -> Double) {
    let isCut = logRatio > RatioLevel.maximumLogRatio
    let value = exp(isCut ? RatioLevel.maximumLogRatio : logRatio)
    for t in tokens {
      values[t] = value
      isClamped[t] = isCut
      slopes[t] = isCut ? 0 : slope(t)
    }
  }

  /// Accumulates into `dLogProb` what ∂loss/∂log-ratio, given by token, amounts to.
  ///
  /// A ratio that is shared collects the derivatives of all the tokens that use it first.
  func pullBack(
    _ dLogRatio: [Double], of batch: ObjectiveBatch, into dLogProb: inout [Double]
  ) {
    for range in batch.completions {
      let tokens = range.filter { batch.mask[$0] && !isClamped[$0] }
      let sum = isShared ? tokens.reduce(0) { $0 + dLogRatio[$1] } : 0
      for t in tokens { dLogProb[t] += slopes[t] * (isShared ? sum : dLogRatio[t]) }
    }
  }
}

extension Metric.Name {
  /// Tokens whose log-ratio was cut before the exponential.
  public static let ratioClampedTokens = Metric.Name("ratio_clamped_tokens")
}
