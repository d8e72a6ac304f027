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
