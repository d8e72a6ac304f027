package import Kernels

extension Transformer {
  /// The derivative of the residual stream out of the last layer, for every row of `a`, along a
  /// tangent of the parameters.
  ///
  ///     th = (∂h/∂θ)·tθ
  ///
  /// It goes through the layers beside the activations that were kept. The rows' tangents lie in the
  /// memory of the backward pass, which follows it, under the names of the gradients; what is returned
  /// is one of its matrices. Shape: [R, C].
  package func tangent(
    _ p: Parameters, along tangent: Parameters, _ a: Activations, _ w: BackwardWorkspace
  ) -> Matrix {
    precondition(a.retention == .everything && a.rowCount <= w.rowCapacity)
    let pass = TangentPass(
      transformer: self, parameters: p, tangent: tangent, layers: a.layers, keys: a.keys,
      tokens: a.tokens, workspace: w)
    let rows = 0..<a.rowCount
    workers.forEachChunk(of: rows) { chunk, _ in pass.embed(chunk) }
    for layer in p.layers.indices {
      workers.forEachChunk(of: rows) { chunk, _ in pass.project(layer, chunk) }
      workers.forEachChunk(of: rows) { chunk, worker in
        pass.attend(layer, chunk, worker)
        pass.feedForward(layer, chunk)
      }
    }
    return pass.tstream
  }
}

/// One call of the tangent pass: reads like `ForwardPass`, each product beside its derivative.
private struct TangentPass: Sendable {
  // Tasks write disjoint rows, and scratch by worker.
  let transformer: Transformer
  let parameters: Parameters
  let tangent: Parameters
  let layers: [Activations.Layer]
  let keys: KeyTable
  let tokens: [Int32]
  let workspace: BackwardWorkspace

  var tstream: Matrix { workspace.dmiddle }

  func embed(_ rows: Range<Int>) {
    Embedding.forward(
      tstream, first: rows.lowerBound, table: tangent.embedding, tokens: tokens[rows])
  }

  /// Query, key and value of the rows.
  func project(_ index: Int, _ rows: Range<Int>) {
    let (layer, weights, along) = (layers[index], parameters.layers[index], tangent.layers[index])
    let (w, normed, tnormed) = (workspace, workspace.normed, workspace.dnormed)
    normalize(
      layer.input, layer.inputScale, rows, gain: weights.inputNorm, tgain: along.inputNorm)
    Linear.tangent(
      w.dquery, tx: tnormed, normed, rows: rows, weight: weights.query, tweight: along.query)
    Linear.tangent(
      w.dkey, tx: tnormed, normed, rows: rows, weight: weights.key, tweight: along.key)
    Linear.tangent(
      w.dvalue, tx: tnormed, normed, rows: rows, weight: weights.value, tweight: along.value)
    let positions = keys.positions[rows]
    transformer.rotary.forward(w.dquery, rows: rows, positions: positions)
    transformer.rotary.forward(w.dkey, rows: rows, positions: positions)
  }

  /// Attention, once the tangents of all keys and values are there, and its output projection.
  func attend(_ index: Int, _ rows: Range<Int>, _ worker: Int) {
    let (layer, w) = (layers[index], workspace)
    transformer.attention.tangent(
      w.dattention, tq: w.dquery, tk: w.dkey, tv: w.dvalue, layer.attention, keys: keys, rows: rows,
      scratch: transformer.scratch[worker].attention)
    Linear.tangent(
      tstream, tx: w.dattention, layer.attention.out, rows: rows,
      weight: parameters.layers[index].output, tweight: tangent.layers[index].output,
      accumulate: true)
  }

  func feedForward(_ index: Int, _ rows: Range<Int>) {
    let (layer, weights, along) = (layers[index], parameters.layers[index], tangent.layers[index])
    let (w, normed, tnormed) = (workspace, workspace.normed, workspace.dnormed)
    normalize(
      layer.middle, layer.middleScale, rows, gain: weights.feedForwardNorm,
      tgain: along.feedForwardNorm)
    Linear.tangent(
      w.dgate, tx: tnormed, normed, rows: rows, weight: weights.gate, tweight: along.gate)
    Linear.tangent(
      w.dup, tx: tnormed, normed, rows: rows, weight: weights.up, tweight: along.up)
    SwiGLU.tangent(
      w.dup, tyFirst: rows.lowerBound, tgate: w.dgate, tup: w.dup, gate: layer.gate,
      up: layer.up, rows: rows)
    SwiGLU.forward(
      w.activated, yFirst: rows.lowerBound, gate: layer.gate, up: layer.up, rows: rows)
    Linear.tangent(
      tstream, tx: w.dup, w.activated, rows: rows, weight: weights.down, tweight: along.down,
      accumulate: true)
  }

  /// Recomputes the input of a block's products, and its tangent.
  private func normalize(
    _ x: Matrix, _ rstd: FloatBuffer, _ rows: Range<Int>, gain: Matrix, tgain: Matrix
  ) {
    let first = rows.lowerBound
    RMSNorm.forward(
      workspace.normed, yFirst: first, rstd: rstd, x, rows: rows, gain: gain,
      epsilon: transformer.epsilon)
    RMSNorm.tangent(
      workspace.dnormed, tx: tstream, first: first, x, rows: rows, gain: gain, tgain: tgain,
      rstd: rstd)
  }
}
