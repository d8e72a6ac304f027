import Kernels
import TestSupport
import Testing

@Suite struct LinearTests {
  static let shapes = [
    (rows: 1, outputs: 1, inputs: 1), (1, 77, 36), (2, 50, 17), (3, 33, 5), (4, 16, 16),
    (5, 31, 48), (6, 17, 3), (7, 1, 40), (13, 100, 36), (60, 20, 7), (301, 18, 21),
  ]

  private struct Case {
    let x, dy: Matrix
    let weight: PackedWeight
    let transposed: FloatBuffer

    init(_ rows: Int, _ outputs: Int, _ inputs: Int) {
      var rng = SplitMix64(seed: 31)
      x = Matrix(.uniform(rows * inputs, using: &rng), columns: inputs)
      weight = PackedWeight(.uniform(outputs * inputs, using: &rng), inputs: inputs)
      dy = Matrix(.uniform(rows * outputs, using: &rng), columns: outputs)
      transposed = FloatBuffer(count: Linear.transposedCount(weight))
      transposed.fill(.nan)
      Linear.transpose(transposed, weight: weight, panels: 0..<weight.inputPanels)
    }

    func forward(_ rows: Range<Int>, into y: Matrix, accumulate: Bool = false) {
      Linear.forward(y, x, rows: rows, weight: weight, accumulate: accumulate)
    }

    func backwardInput(_ rows: Range<Int>, into dx: Matrix, accumulate: Bool = false) {
      Linear.backwardInput(
        dx, dy, rows: rows, transposed: transposed, weight: weight, accumulate: accumulate)
    }

    func backwardWeight(_ index: [Int32], panels: Range<Int>, into gradient: PackedWeight) {
      let scratch = FloatBuffer(count: Linear.scratchCount(inputs: weight.inputs))
      scratch.fill(.nan)
      Linear.backwardWeight(
        gradient, panels: panels, x: x, dy: dy, index: index[...], scratch: scratch)
    }

    func zeroGradient() -> PackedWeight {
      PackedWeight(
        .init(repeating: 0, count: weight.outputs * weight.inputs), inputs: weight.inputs)
    }
  }

  /// One chain of fused multiply-adds from `start`.
  private func chain(_ count: Int, from start: Float, _ a: (Int) -> Float, _ b: (Int) -> Float)
    -> Float
  {
    (0..<count).reduce(start) { $0.addingProduct(a($1), b($1)) }
  }

  // The naive products are exact references: same order, same roundings.

  @Test(arguments: shapes) func forwardIsOneChainOverTheInputs(
    rows: Int, outputs: Int, inputs: Int
  ) {
    let c = Case(rows, outputs, inputs)
    let y = Matrix(.init(repeating: 0.5, count: rows * outputs), columns: outputs)
    for accumulate in [false, true, true] {
      let before = y.values
      c.forward(0..<rows, into: y, accumulate: accumulate)
      let expected = (0..<rows * outputs).map { i in
        chain(
          inputs, from: accumulate ? before[i] : 0, { c.x[i / outputs, $0] },
          { c.weight[i % outputs, $0] })
      }
      #expect(bitDifference(y.values, expected) == nil)
    }
    #expect(y.paddingIsZero)
  }

  @Test(arguments: shapes) func backwardInputIsOneChainOverTheOutputs(
    rows: Int, outputs: Int, inputs: Int
  ) {
    let c = Case(rows, outputs, inputs)
    let dx = Matrix(.init(repeating: 0.5, count: rows * inputs), columns: inputs)
    for accumulate in [false, true, true] {
      let before = dx.values
      c.backwardInput(0..<rows, into: dx, accumulate: accumulate)
      let expected = (0..<rows * inputs).map { i in
        chain(
          outputs, from: accumulate ? before[i] : 0, { c.dy[i / inputs, $0] },
          { c.weight[$0, i % inputs] })
      }
      #expect(bitDifference(dx.values, expected) == nil)
    }
    #expect(dx.paddingIsZero)
  }

  @Test(arguments: shapes) func backwardWeightIsOneChainOverTheRowsInTheirOrder(
    rows: Int, outputs: Int, inputs: Int
  ) {
    let c = Case(rows, outputs, inputs)
    var rng = SplitMix64(seed: 5)
    let index = (0..<Int32(rows)).shuffled(using: &rng)
    let gradient = c.zeroGradient()
    for _ in 0..<2 {
      let before = gradient.values
      c.backwardWeight(index, panels: 0..<gradient.panels, into: gradient)
      let expected = (0..<outputs * inputs).map { i in
        chain(
          rows, from: before[i], { c.x[Int(index[$0]), i % inputs] },
          { c.dy[Int(index[$0]), i / inputs] })
      }
      #expect(bitDifference(gradient.values, expected) == nil)
    }
    #expect(gradient.paddingIsZero)
  }

  @Test(arguments: shapes) func backwardMatchesFiniteDifferences(
    rows: Int, outputs: Int, inputs: Int
  ) {
    let c = Case(rows, outputs, inputs)
    let dx = Matrix(rows: rows, columns: inputs)
    c.backwardInput(0..<rows, into: dx)
    let gradient = c.zeroGradient()
    c.backwardWeight(Array(0..<Int32(rows)), panels: 0..<gradient.panels, into: gradient)
    let (dy, count) = (c.dy.values.doubles, rows * inputs)
    let error = gradientError(
      of: { p in
        var sum = 0.0
        for row in 0..<rows {
          for output in 0..<outputs {
            var y = 0.0
            for k in 0..<inputs { y += p[row * inputs + k] * p[count + output * inputs + k] }
            sum += dy[row * outputs + output] * y
          }
        }
        return sum
      }, at: c.x.values + c.weight.values, gradient: dx.values + gradient.values)
    #expect(error < 1e-4)
  }

  @Test func aRowIsTheSameAloneAndInAnyBatch() {
    let (rows, outputs, inputs) = (61, 100, 36)
    let c = Case(rows, outputs, inputs)
    let (y, dx) = (Matrix(rows: rows, columns: outputs), Matrix(rows: rows, columns: inputs))
    c.forward(0..<rows, into: y)
    c.backwardInput(0..<rows, into: dx)
    for size in [1, 2, 3, 4, 5, 6, 7, 11, 48, 50] {
      let (parts, dparts) = (
        Matrix(rows: rows, columns: outputs), Matrix(rows: rows, columns: inputs)
      )
      for first in stride(from: 0, to: rows, by: size) {
        let chunk = first..<min(first + size, rows)
        // Numbered from 0 on one side, as the chunks of a layer are.
        let own = Matrix(rows: chunk.count, columns: inputs)
        own.copy(rows: 0..<chunk.count, from: c.x, first: first)
        Linear.forward(parts, own, rows: chunk, xFirst: 0, weight: c.weight)
        c.backwardInput(chunk, into: dparts)
      }
      #expect(bitDifference(y.values, parts.values) == nil, "chunks of \(size)")
      #expect(bitDifference(dx.values, dparts.values) == nil, "chunks of \(size)")
    }
  }

  @Test func aGradientIsTheSameForAnySplitOfPanelsAndRows() {
    let c = Case(301, 100, 21)
    let index = Array(0..<Int32(301))
    let whole = c.zeroGradient()
    c.backwardWeight(index, panels: 0..<whole.panels, into: whole)
    for (panels, rows) in [(1, 301), (3, 100), (7, 1), (2, 129)] {
      let split = c.zeroGradient()
      for first in stride(from: 0, to: whole.panels, by: panels) {
        for row in stride(from: 0, to: 301, by: rows) {
          c.backwardWeight(
            Array(index[row..<min(row + rows, 301)]),
            panels: first..<min(first + panels, whole.panels), into: split)
        }
      }
      #expect(bitDifference(whole.values, split.values) == nil, "\(panels) panels, \(rows) rows")
    }
  }

  /// Any split of the panels gives the same bits, and leaves the other outputs alone.
  @Test(arguments: shapes) func panelsMayBeSplit(rows: Int, outputs: Int, inputs: Int) {
    let c = Case(rows, outputs, inputs)
    let (whole, y) = (
      Matrix(rows: rows, columns: outputs),
      Matrix(.init(repeating: 9, count: rows * outputs), columns: outputs)
    )
    c.forward(0..<rows, into: whole)
    for first in stride(from: 0, to: c.weight.panels, by: 2) {
      let last = min(first + 2, c.weight.panels)
      Linear.forward(y, c.x, rows: 0..<rows, weight: c.weight, panels: first..<last)
      for i in 0..<rows * outputs {
        let done = i % outputs < 16 * last
        #expect(y[i / outputs, i % outputs] == (done ? whole[i / outputs, i % outputs] : 9))
      }
    }
    #expect(y.paddingIsZero)
  }

  /// The product is bilinear, so two chains give its derivative exactly as they are rounded.
  @Test(arguments: shapes) func tangentIsOneChainThroughBothProducts(
    rows: Int, outputs: Int, inputs: Int
  ) {
    let c = Case(rows, outputs, inputs)
    var rng = SplitMix64(seed: 32)
    let t: [Float] = .uniform((rows + outputs) * inputs, using: &rng)
    let tx = Matrix(Array(t[..<(rows * inputs)]), columns: inputs)
    let tweight = PackedWeight(Array(t[(rows * inputs)...]), inputs: inputs)
    let ty = Matrix(.init(repeating: 0.5, count: rows * outputs), columns: outputs)
    for accumulate in [false, true] {
      let before = ty.values
      Linear.tangent(
        ty, tx: tx, c.x, rows: 0..<rows, weight: c.weight, tweight: tweight,
        accumulate: accumulate)
      let expected = (0..<rows * outputs).map { i in
        let half = chain(
          inputs, from: accumulate ? before[i] : 0, { tx[i / outputs, $0] },
          { c.weight[i % outputs, $0] })
        return chain(
          inputs, from: half, { c.x[i / outputs, $0] }, { tweight[i % outputs, $0] })
      }
      #expect(bitDifference(ty.values, expected) == nil)
      #expect(ty.paddingIsZero)
    }
  }

  @Test(arguments: shapes) func tangentMatchesTheTranspose(rows: Int, outputs: Int, inputs: Int) {
    let c = Case(rows, outputs, inputs)
    var rng = SplitMix64(seed: 33)
    let t: [Float] = .uniform((rows + outputs) * inputs, using: &rng)
    let ty = Matrix(rows: rows, columns: outputs)
    Linear.tangent(
      ty, tx: Matrix(Array(t[..<(rows * inputs)]), columns: inputs), c.x, rows: 0..<rows,
      weight: c.weight, tweight: PackedWeight(Array(t[(rows * inputs)...]), inputs: inputs))
    let (dx, gradient) = (Matrix(rows: rows, columns: inputs), c.zeroGradient())
    c.backwardInput(0..<rows, into: dx)
    c.backwardWeight(Array(0..<Int32(rows)), panels: 0..<gradient.panels, into: gradient)
    // Chains of up to 301 terms of either sign.
    let error = transposeError(
      dy: c.dy.values, tangent: ty.values, gradient: dx.values + gradient.values, along: t)
    #expect(error < 3e-6)
  }
}
