internal import Kernels

extension Transformer {
  /// Adds to `gradient` what `doutput` (in `w.dstream`, the gradient of the residual stream out of
  /// the last layer) implies, and leaves in `w.dstream` the gradient of the embedded rows.
  ///
  /// Every row of `a` must have been kept. Sums over rows run in the canonical order of `a`.
  package func backward(
    _ p: Parameters, gradient: Parameters, _ a: Activations, _ w: BackwardWorkspace
  ) {
    precondition(a.retention == .everything)
    let pass = BackwardPass(
      transformer: self, parameters: p, gradient: gradient, layers: a.layers, keys: a.keys,
      order: a.canonicalOrder(), workspace: w)
    let rows = 0..<a.rowCount
    for layer in p.layers.indices.reversed() {
      workers.run(pass.transposes(layer))
      workers.forEachChunk(of: rows) { chunk, worker in
        pass.feedForward(layer, chunk, worker)
        pass.attend(layer, chunk)
      }
      workers.run(pass.feedForwardSums(layer) + pass.attendSums(layer))
      workers.forEachChunk(of: rows) { chunk, _ in pass.project(layer, chunk) }
      workers.run(pass.projectSums(layer))
    }
  }
}

/// One call of the backward pass: reads like `ForwardPass` upside down.
///
/// What crosses rows is a sum with one order, so it follows in tasks of its own: those of weights and
/// gains, and those of attention, which lead back from queries to the rows that they attended to.
private struct BackwardPass: Sendable {
  // Tasks of one run write disjoint rows, panels, heads or gains, and scratch by worker.
  let transformer: Transformer
  let parameters: Parameters
  let gradient: Parameters
  let layers: [Activations.Layer]
  let keys: KeyTable
  let order: Activations.CanonicalOrder
  let workspace: BackwardWorkspace

  typealias Task = @Sendable (_ worker: Int) -> Void

  func transposes(_ index: Int) -> [Task] {
    let (weights, t) = (parameters.layers[index], workspace.transposed)
    let pairs = [
      (t.query, weights.query), (t.key, weights.key), (t.value, weights.value),
      (t.output, weights.output), (t.gate, weights.gate), (t.up, weights.up),
      (t.down, weights.down),
    ]
    return pairs.map { transposed, weight -> Task in
      { _ in Linear.transpose(transposed, weight: weight, panels: 0..<weight.inputPanels) }
    }
  }

  /// From the stream out of the layer back to the stream between its blocks.
  func feedForward(_ index: Int, _ rows: Range<Int>, _ worker: Int) {
    let (layer, weights, w) = (layers[index], parameters.layers[index], workspace)
    let (t, dactivated, first) = (w.transposed, w.dactivated[worker], rows.lowerBound)
    SwiGLU.forward(w.activated, yFirst: first, gate: layer.gate, up: layer.up, rows: rows)
    Linear.backwardInput(
      dactivated, w.dstream, rows: 0..<rows.count, dyFirst: first, transposed: t.down,
      weight: weights.down)
    SwiGLU.backward(
      dgate: w.dgate, dup: w.dup, dy: dactivated, dyFirst: 0, gate: layer.gate, up: layer.up,
      rows: rows)
    Linear.backwardInput(
      w.dnormed, w.dgate, rows: rows, transposed: t.gate, weight: weights.gate)
    Linear.backwardInput(
      w.dnormed, w.dup, rows: rows, transposed: t.up, weight: weights.up, accumulate: true)
    normalize(
      layer.middle, layer.middleScale, rows, gain: weights.feedForwardNorm, past: w.dstream,
      to: w.dmiddle)
  }

  func feedForwardSums(_ index: Int) -> [Task] {
    let (layer, g, w) = (layers[index], gradient.layers[index], workspace)
    return weightTasks(g.down, x: w.activated, dy: w.dstream)
      + weightTasks(g.gate, x: w.normed, dy: w.dgate)
      + weightTasks(g.up, x: w.normed, dy: w.dup)
      + [gainTask(g.feedForwardNorm, dy: w.dnormed, layer.middle, layer.middleScale)]
  }

  /// From the stream between the blocks back to what attention gave out.
  func attend(_ index: Int, _ rows: Range<Int>) {
    let w = workspace
    Linear.backwardInput(
      w.dattention, w.dmiddle, rows: rows, transposed: w.transposed.output,
      weight: parameters.layers[index].output)
    for sum in [w.dquery, w.dkey, w.dvalue] { sum.clear(rows: rows) }
  }

  /// On to query, key and value: one task per question and key/value head, within which queries come
  /// in canonical order.
  func attendSums(_ index: Int) -> [Task] {
    let (layer, w, heads) = (layers[index], workspace, 0..<transformer.attention.keyValueHeads)
    return weightTasks(gradient.layers[index].output, x: layer.attention.out, dy: w.dmiddle)
      + order.groups.flatMap { group in
        heads.map { head -> Task in
          { worker in
            transformer.attention.backward(
              dq: w.dquery, dk: w.dkey, dv: w.dvalue, dout: w.dattention, layer.attention,
              keys: keys, index: order.rows[group], keyValueHead: head,
              scratch: transformer.scratch[worker].attention)
          }
        }
      }
  }

  /// From query, key and value back to the stream into the layer.
  func project(_ index: Int, _ rows: Range<Int>) {
    let (layer, weights, w) = (layers[index], parameters.layers[index], workspace)
    let (t, positions) = (w.transposed, keys.positions[rows])
    transformer.rotary.backward(w.dquery, rows: rows, positions: positions)
    transformer.rotary.backward(w.dkey, rows: rows, positions: positions)
    Linear.backwardInput(
      w.dnormed, w.dquery, rows: rows, transposed: t.query, weight: weights.query)
    Linear.backwardInput(
      w.dnormed, w.dkey, rows: rows, transposed: t.key, weight: weights.key, accumulate: true)
    Linear.backwardInput(
      w.dnormed, w.dvalue, rows: rows, transposed: t.value, weight: weights.value,
      accumulate: true)
    normalize(
      layer.input, layer.inputScale, rows, gain: weights.inputNorm, past: w.dmiddle, to: w.dstream)
  }

  func projectSums(_ index: Int) -> [Task] {
    let (layer, g, w) = (layers[index], gradient.layers[index], workspace)
    return weightTasks(g.query, x: w.normed, dy: w.dquery)
      + weightTasks(g.key, x: w.normed, dy: w.dkey)
      + weightTasks(g.value, x: w.normed, dy: w.dvalue)
      + [gainTask(g.inputNorm, dy: w.dnormed, layer.input, layer.inputScale)]
  }

  /// Recomputes the input of a block's products; and adds to `dy`, the gradient that goes past the
  /// block, what leads back through its norm: that is `dx`.
  private func normalize(
    _ x: Matrix, _ rstd: FloatBuffer, _ rows: Range<Int>, gain: Matrix, past dy: Matrix,
    to dx: Matrix
  ) {
    let (w, first) = (workspace, rows.lowerBound)
    RMSNorm.forward(
      w.normed, yFirst: first, rstd: rstd, x, rows: rows, gain: gain,
      epsilon: transformer.epsilon)
    dx.copy(rows: rows, from: dy, first: first)
    RMSNorm.backward(
      dx, dy: w.dnormed, dyFirst: first, x, rows: rows, gain: gain, rstd: rstd)
  }

  private func weightTasks(_ gradient: PackedWeight, x: Matrix, dy: Matrix) -> [Task] {
    gradient.tasks(x: x, dy: dy, index: order.rows[...], scratch: workspace.weightScratch)
  }

  private func gainTask(
    _ gradient: Matrix, dy: Matrix, _ x: Matrix, _ rstd: FloatBuffer
  ) -> Task {
    { _ in RMSNorm.backwardGain(gradient, dy: dy, x, rstd: rstd, index: order.rows[...]) }
  }
}

extension PackedWeight {
  /// Tasks that add Σ_r dy[r]ᵀ·x[r] over the rows `index`, in their order, to this gradient: eight
  /// panels each, so that packing x is small beside the products.
  func tasks(
    x: Matrix, dy: Matrix, index: ArraySlice<Int32>, scratch: [FloatBuffer]
  ) -> [@Sendable (_ worker: Int) -> Void] {
    stride(from: 0, to: panels, by: 8).map { first in
      { worker in
        Linear.backwardWeight(
          self, panels: first..<min(first + 8, panels), x: x, dy: dy, index: index,
          scratch: scratch[worker])
      }
    }
  }
}
