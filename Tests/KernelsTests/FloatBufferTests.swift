import Kernels
import TestSupport
import Testing

@Suite struct FloatBufferTests {
  // Past one chunk of 2^16, and no multiple of a vector.
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

  @Test func buffersAreFilledAndCopied() {
    let (a, b) = (FloatBuffer(count: 17), FloatBuffer(count: 17))
    a.fill(3)
    b.copy(from: a)
    a[16] = 4
    #expect(b.values == .init(repeating: 3, count: 17))
    #expect(a.values == .init(repeating: 3, count: 16) + [4])
  }

  @Test func everyWriteHasANumberOfItsOwn() {
    let (x, y, adam) = (FloatBuffer(count: 16), FloatBuffer(count: 16), AdamW(count: 16))
    let weight = PackedWeight(buffer: x, offset: 0, outputs: 1, inputs: 1)
    let row = Matrix(buffer: x, offset: 0, rows: 1, columns: 3)
    let workers = Workers(count: 1)
    let writes: [() -> Void] = [
      { x.fill(2) }, { x.copy(from: y) }, { x[3] = 1 }, { x.set(.init(repeating: 1, count: 16)) },
      { x.add(y, times: 2, workers: workers) }, { weight[0, 0] = 4 }, { row[0, 2] = 1 },
      {
        adam.update(
          x, gradient: y, gradientScale: 1, update: 1, learningRate: 1,
          coefficients: .init(beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0), decayed: [],
          workers: workers)
      },
    ]
    var numbers = [x.lastWrite]
    for write in writes {
      write()
      numbers.append(x.lastWrite)
    }
    #expect(Set(numbers).count == writes.count + 1)
    _ = (x[0], row[0, 0], x.doubles, x.euclideanNorm(workers))
    y.copy(from: x)
    #expect(x.lastWrite == numbers.last)
  }

  @Test func normIsTheRootOfTheSumOfSquares() {
    let workers = Workers(count: 2)
    #expect(FloatBuffer([3, 0, 4]).euclideanNorm(workers) == 5)
    #expect(FloatBuffer(count: 0).euclideanNorm(workers) == 0)
    #expect(
      FloatBuffer([1e30, -1e30]).euclideanNorm(workers) == 2.0.squareRoot()
        * Double(Float(1e30)))
    var rng = SplitMix64(seed: 53)
    for count in [1, 7, 8, 9, 65_535, 65_537, 200_003] {
      let x: [Float] = .uniform(count, using: &rng)
      let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(relativeError(FloatBuffer(x).euclideanNorm(workers), expected) < 1e-12)
    }
  }

  @Test func aNumberThatIsNotFiniteReachesTheNorm() {
    for bad: Float in [.nan, .infinity] {
      let x = FloatBuffer([1, bad, 2])
      #expect(!x.euclideanNorm(Workers(count: 1)).isFinite)
    }
  }
}
