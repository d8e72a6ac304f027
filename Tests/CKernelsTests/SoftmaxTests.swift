import CKernels
import TestSupport
import Testing

@Suite struct SoftmaxTests {
  /// What `ck_softmax_draw` takes from these numbers for a target of `share` of their sum.
  private func draw(_ weights: [Float], share: Double) -> Int {
    let padded = weights + .init(repeating: 0, count: 16 - weights.count % 16)
    let total = weights.reduce(0.0) { $0 + Double($1) }
    // SAFETY: the array reaches past the count to a multiple of 16.
    return unsafe ck_softmax_draw(padded, weights.count, share * total)
  }

  @Test(arguments: [1, 2, 15, 16, 17, 40]) func everyIndexHasItsLength(count: Int) {
    var rng = SplitMix64(seed: UInt64(count))
    let weights = (0..<count).map { _ in Float.random(in: 0.5..<1, using: &rng) }
    var counts = [Int](repeating: 0, count: count)
    for _ in 0..<10_000 {
      counts[draw(weights, share: .random(in: 0..<1, using: &rng))] += 1
    }
    if count == 1 { return #expect(counts == [10_000]) }
    let total = weights.reduce(0.0) { $0 + Double($1) }
    let (statistic, bound) = chiSquared(
      counts, probabilities: weights.map { Double($0) / total })
    #expect(statistic < bound)
  }

  /// The first index whose running sum passes the target, for numbers whose sums are exact.
  @Test func edgesFallToTheNextIndex() {
    let weights: [Float] = [0, 1, 0, 2, 1, 0] + .init(repeating: 0, count: 20) + [4, 0]
    let expected = [(0, 1), (0.99, 1), (1, 3), (2.5, 3), (3, 4), (3.9, 4), (4, 26), (7.9, 26)]
    for (target, index) in expected {
      #expect(draw(weights, share: target / 8) == index, "target \(target)")
    }
  }

  @Test func anIndexOfNoLengthIsNeverDrawn() {
    var rng = SplitMix64(seed: 71)
    for _ in 0..<200 {
      let count = Int.random(in: 1...70, using: &rng)
      var weights = (0..<count).map { _ in
        Bool.random(using: &rng) ? 0 : Float.random(in: 0..<1, using: &rng)
      }
      weights[.random(in: 0..<count, using: &rng)] = 1e-3
      let last = weights.lastIndex { $0 > 0 }
      for share in [0, 0x1p-53, 0.25, 0.5, 0.999, 1 - 0x1p-53] {
        #expect(weights[draw(weights, share: share)] > 0)
      }
      #expect(draw(weights, share: 1 - 0x1p-53) == last)
      // Rounding may leave the target beyond every sum.
      #expect(draw(weights, share: 1 + 1e-6) == last)
    }
  }
}
