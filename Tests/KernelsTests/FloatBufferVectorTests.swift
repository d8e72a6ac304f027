import Kernels
import TestSupport
import Testing

@Suite struct FloatBufferVectorTests {
  // Past one piece of 2^16, and no multiple of a vector.
  private let count = (1 << 16) + 37

  @Test func everyElementIsOneFusedMultiplyAdd() {
    var rng = SplitMix64(seed: 5)
    let (a, b): ([Float], [Float]) = (
      .uniform(count, using: &rng), .uniform(count, using: &rng)
    )
    for threads in 1...3 {
      let (y, x) = (FloatBuffer(count: count), FloatBuffer(count: count))
      for i in 0..<count { (y[i], x[i]) = (a[i], b[i]) }
      y.add(x, times: -0.3, workers: Workers(count: threads))
      #expect((0..<count).allSatisfy { y[$0] == a[$0].addingProduct(-0.3, b[$0]) })
    }
  }
}
