import CKernels
import Foundation
import TestSupport
import Testing

@Suite struct ExponentialTests {
  private func exponentials(_ x: [Float]) -> [Float] {
    var y = [Float](repeating: 0, count: x.count)
    // SAFETY: both arrays hold x.count floats, and live through the call.
    unsafe ck_exp(&y, x, x.count)
    return y
  }

  @Test func exponentialIsWithinItsBound() {
    // Every range in which e^x is a normal number, and a count that is no multiple of 16.
    let x: [Float] = (0...200_000).map { max(-87.3, min(88, -87.3 + Float($0) * 8.765e-4)) }
    var worst = 0.0
    for (x, y) in zip(x, exponentials(x)) {
      worst = max(worst, relativeError(Double(y), exp(Double(x)), floor: 0))
    }
    #expect(worst < 2e-7)
  }

  @Test func exponentialEndsAsItsHeaderSays() {
    let x: [Float] = [0, -0.0, -87.4, -1000, -.infinity, 88, 89, 1e30, .infinity]
    let y = exponentials(x)
    #expect(Array(y[..<5]) == [1, 1, 0, 0, 0])
    #expect(y[5...].allSatisfy { $0 == y[5] && $0.isFinite })
  }

  @Test func exponentialOfANumberDoesNotDependOnItsLane() {
    var rng = SplitMix64(seed: 61)
    let x = [Float].uniform(37, using: &rng).map { 20 * $0 }
    let together = exponentials(x)
    #expect(bitDifference(x.flatMap { exponentials([$0]) }, together) == nil)
  }

  @Test func logarithmIsWithinItsBound() {
    var rng = SplitMix64(seed: 62)
    var numbers: [Double] = [
      .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 2, 0.5, 10,
      1.4142135623730951, 1.4142135623730954, 0.70710678118654746, 0.70710678118654757,
    ]
    for _ in 0..<50_000 {
      numbers.append(exp(.random(in: -740..<709, using: &rng)))
      numbers.append(1 + .random(in: -0.5..<0.5, using: &rng))
      numbers.append(1 + exp(.random(in: -36..<0, using: &rng)))
    }
    var worst = (error: 0.0, at: 0.0)
    for x in numbers where x != 1 {
      let error = relativeError(ck_log(x), log(x), floor: 0)
      if error > worst.error { worst = (error, x) }
    }
    #expect(worst.error < 1e-13, "at \(worst.at)")
    #expect(ck_log(1) == 0)
  }
}
