internal import Kernels

/// The memory of the head's backward pass: a block of rows of logits.
package final class HeadWorkspace: Sendable {
  let stream: Matrix
  let scale: FloatBuffer
  let normed: Matrix
  let dnormed: Matrix
  let dlogits: Matrix
  let dvalue: Matrix
  let dstream: Matrix
  let exponentials: [Matrix]  // per worker
  let gathered: [Matrix]
  let drow: [Matrix]
  let weightScratch: [FloatBuffer]
  let transposed: FloatBuffer
  let valueTransposed: FloatBuffer

  /// Floats of logits held at a time.
  private static let blockFloats = 4 << 20

  package init(_ p: Parameters, workers: Int) {
    let c = p.configuration
    let rows = min(
      4096, max(Transformer.chunkRows, HeadWorkspace.blockFloats / c.vocabularySize))
    stream = Matrix(rows: rows, columns: c.hiddenSize)
    scale = FloatBuffer(count: rows)
    normed = Matrix(rows: rows, columns: c.hiddenSize)
    dnormed = Matrix(rows: rows, columns: c.hiddenSize)
    dlogits = Matrix(rows: rows, columns: c.vocabularySize)
    dvalue = Matrix(rows: rows, columns: 1)
    dstream = Matrix(rows: rows, columns: c.hiddenSize)
    func perWorker(_ columns: Int) -> [Matrix] {
      (0..<workers).map { _ in Matrix(rows: 1, columns: columns) }
    }
    (exponentials, gathered) = (perWorker(c.vocabularySize), perWorker(c.vocabularySize))
    drow = perWorker(c.vocabularySize)
    weightScratch = (0..<workers).map { _ in
      FloatBuffer(count: Linear.scratchCount(inputs: c.hiddenSize))
    }
    transposed = FloatBuffer(count: Linear.transposedCount(p.head))
    valueTransposed = FloatBuffer(count: 16 * c.hiddenSize.roundedUp(to: 16))
  }
}

/// What the head's backward pass starts from: turns rows of logits into the gradient with respect
/// to them.
protocol LogitGradient: Sendable {
  /// Replaces rows `rows` of the block's logits.
  func replace(_ rows: Range<Int>, of block: HeadBlock, worker: Int)
}

/// A block of rows of logits in the head's workspace, and what they predict.
struct HeadBlock: Sendable {
  let parameters: Parameters
  let predictions: Predictions
  let temperature: Float
  /// The rows of `predictions`.
  let range: Range<Int>
  let workspace: HeadWorkspace

  /// The predictions of a row of the block.
  func predictions(of row: Int) -> Range<Int> {
    let i = range.lowerBound + row
    return predictions.starts[i]..<predictions.starts[i + 1]
  }

  func support(of row: Int) -> [Int32]? { predictions.supports[range.lowerBound + row] }

  /// Replaces one row of logits by what `body` writes to row 0 of a matrix, given the row's
  /// distribution over its support; outside the support the gradient is 0.
  func replace(
    _ row: Int, _ worker: Int,
    _ body: (_ drow: Matrix, _ distribution: Softmax.Distribution) -> Void
  ) {
    let w = workspace
    let logits = TokenHead.Row(
      logits: w.dlogits, index: row, exponentials: w.exponentials[worker],
      gathered: w.gathered[worker], others: [])
    let (support, drow) = (support(of: row), w.drow[worker])
    body(drow, logits.distribution(support: support, temperature: temperature))
    guard let support else {
      w.dlogits.copy(rows: row..<row + 1, from: drow, first: 0)
      return
    }
    w.dlogits.clear(rows: row..<row + 1)
    for (k, token) in support.enumerated() { w.dlogits[row, Int(token)] = drow[0, k] }
  }

  /// Where the tokens that a row predicts stand in its distribution.
  func places(of row: Int) -> [(prediction: Int, place: Int)] {
    let support = support(of: row)
    return predictions(of: row).map { k in
      let token = predictions.tokens[k]
      guard let place = support.map({ $0.firstIndex(of: token) }) ?? Int(token) else {
        preconditionFailure("a token outside the support it was drawn from")
      }
      return (k, place)
    }
  }
}

/// A scalar head and the gradient of each prediction's value.
struct ValueGradient: Sendable {
  let head: ScalarHead
  let dValue: [Float]
}

extension TokenHead {
  /// Adds to `gradient` (head and last gain) what the gradient of the logits and of the values imply,
  /// and writes to `w.dstream` of `workspace` the gradient of every row of `a`, zero where no
  /// prediction was asked for.
  ///
  /// A row's value belongs to each of its predictions, so their dValue add up.
  func backward(
    _ p: Parameters, gradient: Parameters, _ a: Activations, _ predictions: Predictions,
    logits: (some LogitGradient)?, values: ValueGradient?, temperature: Float, _ w: HeadWorkspace,
    _ workspace: BackwardWorkspace
  ) {
    precondition(a.retention == .everything)
    let workers = transformer.workers
    if logits != nil {
      let (weight, transposed) = (p.head, w.transposed)
      workers.run((weight.inputs + 15) / 16) { panel, _ in
        Linear.transpose(transposed, weight: weight, panels: panel..<panel + 1)
      }
    }
    if let weight = values?.head.weight {
      Linear.transpose(w.valueTransposed, weight: weight, panels: 0..<(weight.inputs + 15) / 16)
    }
    workspace.dstream.clear(rows: 0..<a.rowCount)
    if logits == nil && values == nil { return }
    let order = (0..<w.stream.rows).map(Int32.init)
    for first in stride(from: 0, to: predictions.rows.count, by: w.stream.rows) {
      let block = HeadBlock(
        parameters: p, predictions: predictions, temperature: temperature,
        range: first..<min(first + w.stream.rows, predictions.rows.count), workspace: w)
      let pass = HeadBackwardPass(
        block: block, logits: logits, values: values, output: a.output,
        dstream: workspace.dstream)
      let size = transformer.chunkSize(rows: block.range.count)
      workers.run((block.range.count + size - 1) / size) { task, worker in
        pass.rows(Workers.chunk(task, of: block.range.count, size: size), worker)
      }
      let sums = pass.sums(gradient, index: order[0..<block.range.count])
      workers.run(sums.count) { task, worker in sums[task](worker) }
    }
  }
}

/// One block of the head's backward pass.
private struct HeadBackwardPass<Gradient: LogitGradient>: Sendable {
  let block: HeadBlock
  let logits: Gradient?
  let values: ValueGradient?
  let output: Matrix
  let dstream: Matrix

  /// Rows `rows` of the block: logits again, their gradient, and back through the last norm.
  func rows(_ rows: Range<Int>, _ worker: Int) {
    let (p, w, first) = (block.parameters, block.workspace, block.range.lowerBound)
    let sources = block.predictions.rows
    for row in rows {
      w.stream.copy(rows: row..<row + 1, from: output, first: Int(sources[first + row]))
    }
    RMSNorm.forward(
      w.normed, yFirst: rows.lowerBound, rstd: w.scale, w.stream, rows: rows, gain: p.norm,
      epsilon: Float(p.configuration.normEpsilon))
    if let logits {
      Linear.forward(w.dlogits, w.normed, rows: rows, weight: p.head)
      logits.replace(rows, of: block, worker: worker)
      Linear.backwardInput(
        w.dnormed, w.dlogits, rows: rows, transposed: w.transposed, weight: p.head,
        accumulate: false)
    }
    if let values {
      for row in rows {
        w.dvalue[row, 0] = block.predictions(of: row).reduce(0) { $0 + values.dValue[$1] }
      }
      Linear.backwardInput(
        w.dnormed, w.dvalue, rows: rows, transposed: w.valueTransposed,
        weight: values.head.weight, accumulate: logits != nil)
    }
    w.dstream.clear(rows: rows)
    RMSNorm.backward(
      w.dstream, dy: w.dnormed, dyFirst: rows.lowerBound, w.stream, rows: rows, gain: p.norm,
      rstd: w.scale)
    for row in rows {
      let target = Int(sources[first + row])
      dstream.copy(rows: target..<target + 1, from: w.dstream, first: row)
    }
  }

  /// The sums over the block's rows, in their order.
  func sums(_ gradient: Parameters, index: ArraySlice<Int32>) -> [@Sendable (Int) -> Void] {
    let w = block.workspace
    func tasks(_ target: PackedWeight, dy: Matrix) -> [@Sendable (Int) -> Void] {
      stride(from: 0, to: target.panels, by: 8).map { first in
        { worker in
          Linear.backwardWeight(
            target, panels: first..<min(first + 8, target.panels), x: w.normed, dy: dy,
            index: index, scratch: w.weightScratch[worker])
        }
      }
    }
    return (logits == nil ? [] : tasks(gradient.head, dy: w.dlogits))
      + (values.map { tasks($0.head.gradient, dy: w.dvalue) } ?? [])
      + [
        { _ in
          RMSNorm.backwardGain(
            gradient.norm, dy: w.dnormed, w.stream, rstd: w.scale, index: index)
        }
      ]
  }
}
