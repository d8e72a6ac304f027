internal import CKernels

/// Adam with decoupled weight decay.
///
///     w ← w·(1 − η·λ);   m ← m + (1 − β₁)(g − m);   v ← β₂v + (1 − β₂)g²
///     w ← w − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
///
/// Loshchilov & Hutter 2019, algorithm 2 (<https://arxiv.org/abs/1711.05101>), in the order of
/// operations of PyTorch.
///
/// Shapes: w, g, m, v: flat, of equal count, a multiple of 16.
package final class AdamW: Sendable {
  package struct Coefficients: Sendable {
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double

    package init(beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double) {
      (self.beta1, self.beta2) = (beta1, beta2)
      (self.epsilon, self.weightDecay) = (epsilon, weightDecay)
    }
  }

  package let firstMoment: FloatBuffer
  package let secondMoment: FloatBuffer

  package init(count: Int) {
    precondition(count % 16 == 0)
    firstMoment = FloatBuffer(count: count)
    secondMoment = FloatBuffer(count: count)
  }

  /// Update number `update`, counted from 1, with the gradient times `gradientScale`.
  ///
  /// Only parameters inside `decayed` decay; the ranges have bounds that are multiples of 16.
  package func update(
    _ weights: FloatBuffer, gradient: FloatBuffer, gradientScale: Float, update: Int,
    learningRate: Double, coefficients c: Coefficients, decayed: [Range<Int>], workers: Workers
  ) {
    precondition(weights.count == firstMoment.count && gradient.count == weights.count)
    precondition(update >= 1)
    let step = learningRate / (1 - power(c.beta1, update))
    let root = 1 / (1 - power(c.beta2, update)).squareRoot()
    var chunks: [(range: Range<Int>, decay: Float)] = []
    var end = 0
    func append(_ range: Range<Int>, _ decay: Double) {
      precondition(range.lowerBound % 16 == 0 && range.upperBound % 16 == 0)
      for first in stride(from: range.lowerBound, to: range.upperBound, by: FloatBuffer.chunk) {
        chunks.append((first..<min(first + FloatBuffer.chunk, range.upperBound), Float(decay)))
      }
    }
    for range in decayed {
      append(end..<range.lowerBound, 1)
      append(range, 1 - learningRate * c.weightDecay)
      end = range.upperBound
    }
    append(end..<weights.count, 1)
    let work = chunks
    workers.run(work.count) { task, _ in
      let (range, decay) = work[task]
      // SAFETY: the four buffers are of one count, and the chunk lies within it.
      unsafe ck_adamw(
        weights.pointer + range.lowerBound, self.firstMoment.pointer + range.lowerBound,
        self.secondMoment.pointer + range.lowerBound, gradient.pointer + range.lowerBound,
        range.count, gradientScale, decay, Float(1 - c.beta1), Float(c.beta2),
        Float(1 - c.beta2), Float(step), Float(root), Float(c.epsilon))
    }
    for buffer in [weights, firstMoment, secondMoment] { buffer.countWrite() }
  }

  /// xⁿ by squaring: the same bits everywhere, unlike the C library's `pow`.
  private func power(_ x: Double, _ n: Int) -> Double {
    var (result, base, exponent) = (1.0, x, n)
    while exponent > 0 {
      if exponent & 1 == 1 { result *= base }
      base *= base
      exponent >>= 1
    }
    return result
  }
}
