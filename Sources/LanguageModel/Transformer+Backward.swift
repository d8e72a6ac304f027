internal import Kernels

/// The memory of the backward pass, made once for a number of rows.
package final class BackwardWorkspace: Sendable {
  let dstream: Matrix  // gradient of the residual stream out of a layer
  let dmiddle: Matrix  // … between its two blocks
  let normed: Matrix  // recomputed input of the projections
  let dnormed: Matrix
  let activated: Matrix  // recomputed input of the down projection
  let dgate: Matrix
  let dup: Matrix
  let dattention: Matrix
  let dquery: Matrix
  let dkey: Matrix
  let dvalue: Matrix
  let dactivated: [Matrix]  // per worker
  let weightScratch: [FloatBuffer]  // per worker
  let transposed: Transposed

  var rowCapacity: Int { dstream.rows }

  /// Panels over inputs of one layer's weights.
  struct Transposed {
    let query, key, value, output, gate, up, down: FloatBuffer

    init(_ layer: Parameters.Layer) {
      func buffer(_ weight: PackedWeight) -> FloatBuffer {
        FloatBuffer(count: Linear.transposedCount(weight))
      }
      query = buffer(layer.query)
      key = buffer(layer.key)
      value = buffer(layer.value)
      output = buffer(layer.output)
      gate = buffer(layer.gate)
      up = buffer(layer.up)
      down = buffer(layer.down)
    }
  }

  package init(_ p: Parameters, rowCapacity: Int, workers: Int) {
    let c = p.configuration
    func rows(_ columns: Int) -> Matrix { Matrix(rows: rowCapacity, columns: columns) }
    let (queries, keyWidth) = (c.attentionHeads * c.headSize, c.keyValueHeads * c.headSize)
    (dstream, dmiddle) = (rows(c.hiddenSize), rows(c.hiddenSize))
    (normed, dnormed) = (rows(c.hiddenSize), rows(c.hiddenSize))
    (activated, dgate, dup) = (
      rows(c.intermediateSize), rows(c.intermediateSize), rows(c.intermediateSize)
    )
    (dattention, dquery) = (rows(queries), rows(queries))
    (dkey, dvalue) = (rows(keyWidth), rows(keyWidth))
    dactivated = (0..<workers).map { _ in
      Matrix(rows: Transformer.chunkRows, columns: c.intermediateSize)
    }
    let widest = max(c.intermediateSize, queries, c.hiddenSize)
    weightScratch = (0..<workers).map { _ in
      FloatBuffer(count: Linear.scratchCount(inputs: widest))
    }
    transposed = Transposed(p.layers[0])
  }

  /// Bytes of one row, for sizing to a memory budget.
  package static func bytesPerRow(_ c: ModelConfiguration) -> Int {
    let (queries, keyWidth) = (c.attentionHeads * c.headSize, c.keyValueHeads * c.headSize)
    return 4 * (4 * c.hiddenSize + 3 * c.intermediateSize + 2 * queries + 2 * keyWidth)
  }
}

extension Transformer {
  /// Adds to `gradient` what `doutput` (in `w.dstream`, the gradient of the residual stream out of
  /// the last layer) implies, and leaves in `w.dstream` the gradient of the embedded rows.
  ///
  /// Every row of `a` must have been kept. Sums over rows run in the canonical order of `a`.
  package func backward(
    _ p: Parameters, gradient: Parameters, _ a: Activations, _ w: BackwardWorkspace
  ) {
    precondition(a.retention == .everything)
    let (order, ends) = a.canonicalOrder()
    let size = chunkSize(rows: a.rowCount)
    let pass = BackwardPass(
      parameters: p, gradient: gradient, layers: a.layers, keys: a.keys, order: order, ends: ends,
      rotary: rotary, attention: attention, scratch: scratch, workspace: w,
      epsilon: Float(configuration.normEpsilon), rowCount: a.rowCount, chunkSize: size)
    let chunks = (a.rowCount + size - 1) / size
    for layer in p.layers.indices.reversed() {
      let transposes = pass.transposes(layer)
      workers.run(transposes.count) { task, _ in transposes[task]() }
      workers.run(chunks) { task, worker in pass.feedForward(layer, pass.chunk(task), worker) }
      let sums = pass.feedForwardSums(layer) + pass.attentionTasks(layer)
      workers.run(sums.count) { task, worker in sums[task](worker) }
      workers.run(chunks) { task, _ in pass.projections(layer, pass.chunk(task)) }
      let rest = pass.projectionSums(layer)
      workers.run(rest.count) { task, worker in rest[task](worker) }
    }
  }
}

/// One call of the backward pass.
///
/// What its tasks read. Reads like `ForwardPass` upside down.
private struct BackwardPass: Sendable {
  // Tasks of one run write disjoint rows, panels, heads or gains, and scratch by worker.
  let parameters: Parameters
  let gradient: Parameters
  let layers: [Activations.Layer]
  let keys: KeyTable
  let order: [Int32]
  let ends: [Int]
  let rotary: Rotary
  let attention: Attention
  let scratch: [Transformer.Scratch]
  let workspace: BackwardWorkspace
  let epsilon: Float
  let rowCount: Int
  let chunkSize: Int

  typealias Task = @Sendable (_ worker: Int) -> Void

  func chunk(_ task: Int) -> Range<Int> { Workers.chunk(task, of: rowCount, size: chunkSize) }

  func transposes(_ index: Int) -> [@Sendable () -> Void] {
    let (weights, t) = (parameters.layers[index], workspace.transposed)
    let pairs = [
      (t.query, weights.query), (t.key, weights.key), (t.value, weights.value),
      (t.output, weights.output), (t.gate, weights.gate), (t.up, weights.up),
      (t.down, weights.down),
    ]
    return pairs.map { pair -> @Sendable () -> Void in
      { Linear.transpose(pair.0, weight: pair.1, panels: 0..<(pair.1.inputs + 15) / 16) }
    }
  }

  /// From the stream out of the layer back to the stream between its blocks, and to what attention
  /// gave out.
  func feedForward(_ index: Int, _ rows: Range<Int>, _ worker: Int) {
    let (layer, weights, w) = (layers[index], parameters.layers[index], workspace)
    let (dactivated, first) = (w.dactivated[worker], rows.lowerBound)
    SwiGLU.forward(w.activated, yFirst: first, gate: layer.gate, up: layer.up, rows: rows)
    Linear.backwardInput(
      dactivated, w.dstream, rows: 0..<rows.count, dyFirst: first,
      transposed: w.transposed.down, weight: weights.down, accumulate: false)
    SwiGLU.backward(
      dgate: w.dgate, dup: w.dup, dy: dactivated, dyFirst: 0, gate: layer.gate, up: layer.up,
      rows: rows)
    Linear.backwardInput(
      w.dnormed, w.dgate, rows: rows, transposed: w.transposed.gate, weight: weights.gate,
      accumulate: false)
    Linear.backwardInput(
      w.dnormed, w.dup, rows: rows, transposed: w.transposed.up, weight: weights.up,
      accumulate: true)
    RMSNorm.forward(
      w.normed, yFirst: first, rstd: layer.middleScale, layer.middle, rows: rows,
      gain: weights.feedForwardNorm, epsilon: epsilon)
    w.dmiddle.copy(rows: rows, from: w.dstream, first: first)
    RMSNorm.backward(
      w.dmiddle, dy: w.dnormed, dyFirst: first, layer.middle, rows: rows,
      gain: weights.feedForwardNorm, rstd: layer.middleScale)
    Linear.backwardInput(
      w.dattention, w.dmiddle, rows: rows, transposed: w.transposed.output,
      weight: weights.output, accumulate: false)
    w.dquery.clear(rows: rows)
    w.dkey.clear(rows: rows)
    w.dvalue.clear(rows: rows)
  }

  func feedForwardSums(_ index: Int) -> [Task] {
    let (layer, g, w) = (layers[index], gradient.layers[index], workspace)
    return weightTasks(g.down, x: w.activated, dy: w.dstream)
      + weightTasks(g.gate, x: w.normed, dy: w.dgate)
      + weightTasks(g.up, x: w.normed, dy: w.dup)
      + weightTasks(g.output, x: layer.attention, dy: w.dmiddle)
      + [gainTask(g.feedForwardNorm, dy: w.dnormed, layer.middle, layer.middleScale)]
  }

  /// One task per question and key/value head: within it, queries come in canonical order.
  func attentionTasks(_ index: Int) -> [Task] {
    let (layer, w) = (layers[index], workspace)
    return ends.indices.flatMap { group in
      let rows = order[(group == 0 ? 0 : ends[group - 1])..<ends[group]]
      return (0..<attention.keyValueHeads).map { head -> Task in
        { worker in
          attention.backward(
            dq: w.dquery, dk: w.dkey, dv: w.dvalue, dout: w.dattention, out: layer.attention,
            statistics: layer.statistics, q: layer.query, k: layer.key, v: layer.value, keys: keys,
            index: rows, keyValueHead: head, scratch: scratch[worker].attention)
        }
      }
    }
  }

  /// From query, key and value back to the stream into the layer.
  func projections(_ index: Int, _ rows: Range<Int>) {
    let (layer, weights, w) = (layers[index], parameters.layers[index], workspace)
    let positions = keys.positions[rows]
    rotary.backward(w.dquery, rows: rows, positions: positions)
    rotary.backward(w.dkey, rows: rows, positions: positions)
    Linear.backwardInput(
      w.dnormed, w.dquery, rows: rows, transposed: w.transposed.query, weight: weights.query,
      accumulate: false)
    Linear.backwardInput(
      w.dnormed, w.dkey, rows: rows, transposed: w.transposed.key, weight: weights.key,
      accumulate: true)
    Linear.backwardInput(
      w.dnormed, w.dvalue, rows: rows, transposed: w.transposed.value, weight: weights.value,
      accumulate: true)
    RMSNorm.forward(
      w.normed, yFirst: rows.lowerBound, rstd: layer.inputScale, layer.input, rows: rows,
      gain: weights.inputNorm, epsilon: epsilon)
    w.dstream.copy(rows: rows, from: w.dmiddle, first: rows.lowerBound)
    RMSNorm.backward(
      w.dstream, dy: w.dnormed, dyFirst: rows.lowerBound, layer.input, rows: rows,
      gain: weights.inputNorm, rstd: layer.inputScale)
  }

  func projectionSums(_ index: Int) -> [Task] {
    let (layer, g, w) = (layers[index], gradient.layers[index], workspace)
    return weightTasks(g.query, x: w.normed, dy: w.dquery)
      + weightTasks(g.key, x: w.normed, dy: w.dkey)
      + weightTasks(g.value, x: w.normed, dy: w.dvalue)
      + [gainTask(g.inputNorm, dy: w.dnormed, layer.input, layer.inputScale)]
  }

  /// Pieces of eight panels, so that packing x is small beside the products.
  private func weightTasks(_ gradient: PackedWeight, x: Matrix, dy: Matrix) -> [Task] {
    stride(from: 0, to: gradient.panels, by: 8).map { first -> Task in
      { worker in
        Linear.backwardWeight(
          gradient, panels: first..<min(first + 8, gradient.panels), x: x, dy: dy,
          index: order[...], scratch: workspace.weightScratch[worker])
      }
    }
  }

  private func gainTask(
    _ gradient: Matrix, dy: Matrix, _ x: Matrix, _ rstd: FloatBuffer
  ) -> Task {
    { _ in RMSNorm.backwardGain(gradient, dy: dy, x, rstd: rstd, index: order[...]) }
  }
}
