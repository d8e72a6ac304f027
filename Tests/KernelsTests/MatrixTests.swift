import Kernels
import TestSupport
import Testing

@Suite struct MatrixTests {
  @Test func rowsAreAMultipleOfSixteenFloatsApart() {
    for (columns, stride) in [(1, 16), (15, 16), (16, 16), (17, 32), (36, 48), (77, 80)] {
      let matrix = Matrix(rows: 3, columns: columns)
      #expect(matrix.stride == stride && matrix.buffer.count == 3 * stride)
      #expect(matrix.values.allSatisfy { $0 == 0 } && matrix.paddingIsZero)
    }
    #expect([0, 1, 16, 17].map { $0.roundedUp(to: 16) } == [0, 16, 16, 32])
  }

  @Test func viewsShareTheirNumbers() {
    let buffer = FloatBuffer(count: 16 * 5)
    let (all, part) = (
      Matrix(buffer: buffer, offset: 0, rows: 5, columns: 3),
      Matrix(buffer: buffer, offset: 32, rows: 2, columns: 3)
    )
    part[1, 2] = 7
    #expect(all[3, 2] == 7 && buffer[3 * 16 + 2] == 7)
  }

  @Test func rowsAreCopiedAndCleared() {
    let source = Matrix((0..<12).map(Float.init), columns: 3)
    let target = Matrix(.init(repeating: -1, count: 15), columns: 3)
    target.copy(rows: 1..<3, from: source, first: 2)
    #expect(target.values == [-1, -1, -1, 6, 7, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1])
    target.clear(rows: 2..<5)
    #expect(target.values == [-1, -1, -1, 6, 7, 8] + .init(repeating: 0, count: 9))
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

  /// The kernels read whole vectors: a lane past the columns must never hold anything.
  @Test(arguments: [1, 10, 17, 36]) func kernelsLeaveThePaddingZero(columns: Int) {
    var rng = SplitMix64(seed: 81)
    func random() -> Matrix { Matrix(.uniform(4 * columns, using: &rng), columns: columns) }
    let (x, dy, gain) = (
      random(), random(), Matrix(.uniform(columns, using: &rng), columns: columns)
    )
    let (y, dx, dgain) = (random(), random(), random())
    let rstd = FloatBuffer(count: 4)
    RMSNorm.forward(y, yFirst: 0, rstd: rstd, x, rows: 0..<4, gain: gain, epsilon: 1e-5)
    RMSNorm.backward(dx, dy: dy, dyFirst: 0, x, rows: 0..<4, gain: gain, rstd: rstd)
    RMSNorm.backwardGain(dgain, dy: dy, x, rstd: rstd, index: [0, 1, 2, 3])
    #expect(y.paddingIsZero && dx.paddingIsZero && dgain.paddingIsZero)

    let (activated, dgate, dup) = (random(), random(), random())
    SwiGLU.forward(activated, yFirst: 0, gate: x, up: y, rows: 0..<4)
    SwiGLU.backward(dgate: dgate, dup: dup, dy: dy, dyFirst: 0, gate: x, up: y, rows: 0..<4)
    #expect(activated.paddingIsZero && dgate.paddingIsZero && dup.paddingIsZero)

    if columns % 2 == 0 {
      let rotary = Rotary(headSize: columns, positions: 9, theta: 100)
      rotary.forward(x, rows: 0..<4, positions: [0, 3, 8, 1])
      #expect(x.paddingIsZero)
    }
  }
}
