import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct AdamWTests {
  private static let coefficients = AdamW.Coefficients(
    beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1)

  /// Loshchilov & Hutter 2019, algorithm 2, in the order of PyTorch.
  private func reference(
    _ start: [Float], gradients: [[Float]], scale: Double, rate: Double, decays: (Int) -> Bool
  ) -> [Double] {
    let c = Self.coefficients
    return start.indices.map { i in
      var (w, m, v) = (Double(start[i]), 0.0, 0.0)
      for (t, gradient) in gradients.enumerated() {
        let g = Double(gradient[i]) * scale
        if decays(i) { w -= rate * c.weightDecay * w }
        m = c.beta1 * m + (1 - c.beta1) * g
        v = c.beta2 * v + (1 - c.beta2) * g * g
        let (mHat, vHat) = (
          m / (1 - pow(c.beta1, Double(t + 1))), v / (1 - pow(c.beta2, Double(t + 1)))
        )
        w -= rate * mHat / (vHat.squareRoot() + c.epsilon)
      }
      return w
    }
  }

  /// Both in ulps of the update: the kernel's share 1 − β₂ must not come from a rounded β₂.
  @Test(arguments: [1, 2, 20]) func updatesMatchTheAlgorithm(updates: Int) {
    var rng = SplitMix64(seed: 51)
    // Weights far smaller than an update, so that its error is not lost in their rounding.
    let start = [Float].uniform(160, using: &rng).map { 1e-4 * $0 }
    let gradients = (0..<updates).map { _ in [Float].uniform(160, using: &rng) }
    let weights = FloatBuffer(start)
    let adam = AdamW(count: 160)
    for (i, gradient) in gradients.enumerated() {
      adam.update(
        weights, gradient: FloatBuffer(gradient), gradientScale: 0.25, update: i + 1,
        learningRate: 0.01, coefficients: Self.coefficients, decayed: [16..<48, 96..<112],
        workers: Workers(count: 1))
    }
    let expected = reference(start, gradients: gradients, scale: 0.25, rate: 0.01) {
      (16..<48).contains($0) || (96..<112).contains($0)
    }
    // A few roundings of 6e-8 for each update of up to 0.01.
    let bound = 0.01 * 6e-7 * Double(updates)
    for i in 0..<160 { #expect(abs(Double(weights[i]) - expected[i]) < bound, "[\(i)]") }
  }

  @Test func onlyTheRangesNamedDecay() {
    // No gradient: what moves, decays.
    let weights = FloatBuffer(.init(repeating: 1, count: 96))
    let adam = AdamW(count: 96)
    adam.update(
      weights, gradient: FloatBuffer(count: 96), gradientScale: 1, update: 1, learningRate: 0.5,
      coefficients: Self.coefficients, decayed: [0..<16, 48..<64], workers: Workers(count: 2))
    for i in 0..<96 {
      #expect(weights[i] == ((0..<16).contains(i) || (48..<64).contains(i) ? 0.95 : 1))
    }
  }

  @Test func everyWorkerCountGivesTheSameBits() {
    // More than three chunks of 2¹⁶.
    let count = 3 << 16 | 1 << 8
    func run(_ workers: Int) -> (values: [Float], norm: Double) {
      var rng = SplitMix64(seed: 52)
      let weights = FloatBuffer(.uniform(count, using: &rng))
      let gradient = FloatBuffer(.uniform(count, using: &rng))
      let adam = AdamW(count: count)
      let workers = Workers(count: workers)
      for update in 1...2 {
        adam.update(
          weights, gradient: gradient, gradientScale: 0.5, update: update, learningRate: 0.01,
          coefficients: Self.coefficients, decayed: [1 << 10..<1 << 17], workers: workers)
      }
      return (
        weights.values + adam.firstMoment.values + adam.secondMoment.values,
        weights.euclideanNorm(workers)
      )
    }
    let one = run(1)
    for workers in [2, 3] {
      let other = run(workers)
      #expect(bitDifference(one.values, other.values) == nil, "\(workers) workers")
      #expect(one.norm == other.norm, "\(workers) workers")
    }
  }
}
