import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct ExactKLTests {
  static let counts = [1, 2, 15, 16, 17, 77, 512, 513, 1030]
  static let temperatures: [Float] = [1, 0.7, 2.5]

  private func logProbs(_ logits: [Double], _ temperature: Double) -> [Double] {
    let z = logits.map { $0 / temperature }
    let highest = z.max() ?? 0
    let logSum = highest + log(z.reduce(0) { $0 + exp($1 - highest) })
    return z.map { $0 - logSum }
  }

  /// KL(p‖q) of two rows of logits.
  private func reference(_ p: [Double], _ q: [Double], _ temperature: Float) -> Double {
    zip(logProbs(p, Double(temperature)), logProbs(q, Double(temperature))).reduce(0) {
      $0 + ($1.0 == -.infinity ? 0 : exp($1.0) * ($1.0 - $1.1))
    }
  }

  private func logits(_ count: Int, seed: UInt64, scale: Float = 3) -> [Float] {
    var rng = SplitMix64(seed: seed)
    return [Float].uniform(count, using: &rng).map { scale * $0 }
  }

  private func row(
    _ logits: [Float], count: Int? = nil, _ temperature: Float
  ) -> Softmax.Distribution {
    Softmax.forward(
      Matrix(rows: 1, columns: logits.count),
      .init(Matrix(logits, columns: logits.count), row: 0, count: count ?? logits.count),
      temperature: temperature)
  }

  private func divergence(_ p: [Float], _ q: [Float], _ temperature: Float = 1) -> Double {
    ExactKL.forward(of: row(p, temperature), from: row(q, temperature))
  }

  @Test(arguments: counts, temperatures) func forwardMatchesTheEquation(
    count: Int, temperature: Float
  ) {
    let (p, q) = (logits(count, seed: 1), logits(count, seed: 2))
    let expected = reference(p.doubles, q.doubles, temperature)
    let found = divergence(p, q, temperature)
    // Every term is 0 or more, so the sum keeps the digits of its terms.
    #expect(abs(found - expected) <= 1e-6 * expected)
  }

  /// p = (½, ½), q = (¼, ¾): KL(p‖q) = ½ log 2 + ½ log ⅔ = ½ log 4/3, KL(q‖p) = ¾ log 3 − log 2.
  @Test func theFirstDistributionIsTheOneThatIsAveragedOver() {
    let (p, q): ([Float], [Float]) = ([0, 0], [0, Float(log(3.0))])
    #expect(abs(divergence(p, q) - 0.143841036225890) < 1e-7)
    #expect(abs(divergence(q, p) - 0.130812035941137) < 1e-7)
  }

  /// Two policies one small step apart: KL of 1e-3 down to 1e-9, no digit lost to cancellation.
  @Test(arguments: [1e-1, 1e-2, 1e-3, 1e-4]) func closeDistributionsKeepTheirDigits(step: Float) {
    let p = logits(513, seed: 1)
    let q = zip(p, logits(513, seed: 2, scale: step)).map { $0 + $1 }
    let expected = reference(p.doubles, q.doubles, 1)
    // The logits' own last bits, 2e-7, are part of q here; the rest is rounding of the terms.
    #expect(relativeError(divergence(p, q), expected, floor: 0) < 2e-5)
  }

  @Test(arguments: counts, temperatures) func equalRowsGiveZeroAndNoGradient(
    count: Int, temperature: Float
  ) {
    let p = logits(count, seed: 3)
    #expect(divergence(p, p, temperature) == 0)
    let gradient = Matrix(rows: 1, columns: count)
    ExactKL.backward(
      gradient, policy: row(p, temperature), other: row(p, temperature), dOtherToPolicy: 0.7,
      dPolicyToOther: -1.3)
    #expect(gradient.values.allSatisfy { $0 == 0 })
  }

  @Test func itIsNeverNegative() {
    for seed: UInt64 in 0..<200 {
      let p = logits(33, seed: seed, scale: 8)
      let q = zip(p, logits(33, seed: 1000 + seed, scale: 1e-6)).map { $0 + $1 }
      #expect(divergence(p, q) >= 0)
    }
  }

  @Test(arguments: counts, temperatures) func backwardMatchesFiniteDifferences(
    count: Int, temperature: Float
  ) {
    let (p, q) = (logits(count, seed: 4, scale: 2), logits(count, seed: 5, scale: 2))
    for (c, h): (Float, Float) in [(0.8, 0), (0, -1.3), (0.6, 0.4)] {
      let gradient = Matrix(rows: 1, columns: count)
      ExactKL.backward(
        gradient, policy: row(p, temperature), other: row(q, temperature), dOtherToPolicy: c,
        dPolicyToOther: h)
      let error = gradientError(
        of: { p in
          Double(c) * reference(q.doubles, p, temperature)
            + Double(h) * reference(p, q.doubles, temperature)
        }, at: p, gradient: gradient.values)
      if count == 1 {
        #expect(gradient[0, 0] == 0)
      } else {
        #expect(error < 1e-4, "\(c)·KL(q‖p) + \(h)·KL(p‖q)")
      }
      #expect(gradient.paddingIsZero)
    }
  }

  @Test func backwardAccumulates() {
    let (p, q) = (row(logits(37, seed: 6), 0.7), row(logits(37, seed: 7), 0.7))
    func gradient(times: Int) -> [Float] {
      let gradient = Matrix(rows: 1, columns: 37)
      for _ in 0..<times {
        ExactKL.backward(
          gradient, policy: p, other: q, dOtherToPolicy: 0.5, dPolicyToOther: 2)
      }
      return gradient.values
    }
    #expect(worstError(gradient(times: 2), gradient(times: 1).map { 2 * Double($0) }) < 2e-7)
  }

  /// A support's rows are gathered into longer ones.
  @Test func numbersPastTheCountDoNotMatter() {
    let (p, q) = (logits(21, seed: 8), logits(21, seed: 9))
    let expected = divergence(p, q)
    for stale: Float in [0, 1e9, .nan, -.infinity] {
      let tail = [Float](repeating: stale, count: 19)
      let (long, other) = (row(p + tail, count: 21, 1), row(q + tail.reversed(), count: 21, 1))
      #expect(ExactKL.forward(of: long, from: other) == expected)
      let gradient = Matrix(.init(repeating: 5, count: 40), columns: 40)
      ExactKL.backward(
        gradient, policy: long, other: other, dOtherToPolicy: 1, dPolicyToOther: 1)
      #expect(gradient.values[21...].allSatisfy { $0 == 5 })
      #expect(gradient.values[..<21].allSatisfy { $0.isFinite })
    }
  }

  /// A token of probability 0 in both adds nothing; one that only p can draw counts 1000·p; one that
  /// only q can draw, its share of q.
  @Test func impossibleTokensAreFinite() {
    let (half, both): ([Float], [Float]) = ([0, 0, -.infinity], [0, 1, -.infinity])
    let expected = reference([0, 0], [0, 1], 1)
    #expect(abs(divergence(half, both) - expected) < 1e-7)
    #expect(abs(divergence([0, 0], [0, -.infinity]) - (500 - 0.5 * log(2.0))) < 1e-3)
    #expect(abs(divergence([0, -.infinity], [0, 0]) - log(2.0)) < 1e-6)
  }

  @Test func aRowThatIsNotFiniteGivesNoNumber() {
    #expect(divergence([0, .nan], [0, 1]).isNaN)
    #expect(divergence([0, 1], [0, .infinity]).isNaN)
  }
}
