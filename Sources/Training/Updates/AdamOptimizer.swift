internal import Kernels

/// AdamW on weights that move together, all of them or none, as ``UpdateSignal`` has it.
///
/// The gradient is clipped by its norm over all of them, as PyTorch's `clip_grad_norm_` does.
final class AdamOptimizer {
  /// Weights and their gradient.
  typealias Part = (weights: FloatBuffer, gradient: FloatBuffer)

  /// Of each part.
  let moments: [AdamW]
  private let decayed: [Range<Int>]
  /// Updates made so far.
  var updateCount = 0

  /// What AdamW is used with where no recipe says so.
  static let coefficients = AdamW.Coefficients(
    beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0)

  /// Adam keeps squares: those of a gradient no longer than this, and their means, are finite.
  private static let largestNorm = 0x1p63

  /// - Parameters:
  ///   - counts: Floats of each part.
  ///   - decayed: The ranges of the first part to which weight decay applies.
  init(counts: [Int], decayed: [Range<Int>] = []) {
    moments = counts.map { AdamW(count: $0) }
    self.decayed = decayed
  }

  /// Moves all parts once, or leaves weights, moments and count as they are and says why.
  ///
  /// - Parameter maximumNorm: A longer gradient is shortened to it; 0 leaves it as it is.
  func update(
    _ parts: [Part], loss: Double, learningRate: Double,
    coefficients: AdamW.Coefficients = AdamOptimizer.coefficients, maximumNorm: Double = 0,
    workers: Workers
  ) -> (signal: UpdateSignal, refusal: UpdateSignal.Refusal?) {
    precondition(parts.count == moments.count)
    let signal = UpdateSignal(loss: loss, gradients: parts.map(\.gradient), workers: workers)
    let scale = maximumNorm > 0 ? min(1, maximumNorm / (signal.norm + 1e-6)) : 1
    if let refusal = signal.refusal(largestNorm: Self.largestNorm / scale) {
      return (signal, refusal)
    }
    updateCount += 1
    for (index, part) in parts.enumerated() {
      moments[index].update(
        part.weights, gradient: part.gradient, gradientScale: Float(scale), update: updateCount,
        learningRate: learningRate, coefficients: coefficients,
        decayed: index == 0 ? decayed : [], workers: workers)
    }
    return (signal, nil)
  }
}
