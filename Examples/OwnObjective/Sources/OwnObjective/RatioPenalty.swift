import Formats
import Foundation
import PolicyOptimization

/// The importance-weighted advantage, held near 1 by a spring instead of a clip.
///
///     loss = mean over tokens of ( −r·Â + ½·k·(log r)² ),   r = π_θ / π_old
struct RatioPenalty: Objective {
  /// k > 0.
  var stiffness: Double

  func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
    let tokens = Double(max(1, batch.mask.count { $0 }))
    var result = ObjectiveResult(loss: 0, dLogProb: batch.mask.map { _ in 0 })
    var stretch = 0.0
    for t in batch.mask.indices where batch.mask[t] {
      let logRatio = batch.logProb[t] - batch.oldLogProb[t]
      let gain = exp(logRatio) * batch.advantage[t]
      result.loss += (0.5 * stiffness * logRatio * logRatio - gain) / tokens
      result.dLogProb[t] = (stiffness * logRatio - gain) / tokens
      stretch += logRatio * logRatio / tokens
    }
    result.metrics = [Metric(.stretch, stretch)]
    return result
  }
}

extension Metric.Name {
  /// The mean of (log r)².
  static let stretch = Metric.Name("ratio_penalty/stretch")
}
