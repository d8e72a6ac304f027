import CKernels
import TestSupport
import Testing

@Suite struct FloatBufferTests {
  @Test(arguments: [1, 15, 16, 17, 100]) func axpyAddsAMultiple(count: Int) {
    var rng = SplitMix64(seed: 63)
    let x: [Float] = .uniform(count, using: &rng)
    var y: [Float] = .uniform(count, using: &rng)
    for _ in 0..<2 {
      let expected = zip(x, y).map { $1.addingProduct(-0.3, $0) }
      // SAFETY: both arrays hold `count` floats.
      unsafe ck_axpy(&y, x, -0.3, count)
      #expect(bitDifference(y, expected) == nil)
    }
  }
}
