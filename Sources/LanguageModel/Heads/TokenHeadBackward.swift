internal import Kernels

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
      workers.run(weight.inputPanels) { panel, _ in
        Linear.transpose(transposed, weight: weight, panels: panel..<panel + 1)
      }
    }
    if let weight = values?.head.weight {
      Linear.transpose(w.valueTransposed, weight: weight, panels: 0..<weight.inputPanels)
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
      workers.forEachChunk(of: 0..<block.range.count) { pass.rows($0, $1) }
      workers.run(pass.sums(gradient, index: order[0..<block.range.count]))
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
        w.dnormed, w.dlogits, rows: rows, transposed: w.transposed, weight: p.head)
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
      target.tasks(x: w.normed, dy: dy, index: index, scratch: w.weightScratch)
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
