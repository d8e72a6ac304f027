package import Kernels

/// The forward and backward passes of a Llama-style model.
///
///     h ← E[token]
///     per layer:  m ← h + Wₒ·attention(rotary(W_q·n(h)), rotary(W_k·n(h)), W_v·n(h))
///                 h ← m + W_down·(silu(W_gate·n(m)) ⊙ W_up·n(m))
///     logits = W_head·n(h)
///
/// Touvron et al. 2023, "LLaMA" (<https://arxiv.org/abs/2302.13971>). There is one forward pass:
/// sampling, scoring and training all come here. A row's result depends on the rows of its own
/// sequence only, bit for bit.
package final class Transformer: Sendable {
  package let configuration: ModelConfiguration
  package let workers: Workers
  let rotary: Rotary
  let attention: Attention
  let scratch: [Scratch]  // per worker
  let epsilon: Float

  /// What one worker needs for a chunk of rows.
  struct Scratch {
    let normed: Matrix
    let activated: Matrix
    let attention: FloatBuffer

    init(_ c: ModelConfiguration) {
      normed = Matrix(rows: WorkSplit.chunkRows, columns: c.hiddenSize)
      activated = Matrix(rows: WorkSplit.chunkRows, columns: c.intermediateSize)
      attention = FloatBuffer(count: Attention.scratchCount(capacity: c.maximumPositions))
    }
  }

  package init(_ configuration: ModelConfiguration, workers: Workers) {
    (self.configuration, self.workers) = (configuration, workers)
    rotary = Rotary(
      headSize: configuration.headSize, positions: configuration.maximumPositions,
      theta: configuration.ropeTheta)
    attention = Attention(
      heads: configuration.attentionHeads, keyValueHeads: configuration.keyValueHeads,
      headSize: configuration.headSize)
    scratch = (0..<workers.count).map { _ in Scratch(configuration) }
    epsilon = Float(configuration.normEpsilon)
  }

  /// Computes the rows of `a` from `first` on; those before have been computed.
  package func forward(_ p: Parameters, _ a: Activations, from first: Int) {
    let rows = first..<a.rowCount
    if rows.isEmpty { return }
    a.countFilling()
    let pass = ForwardPass(self, p, a, from: first)
    if a.keys.areIndependent(rows) {
      // Then a chunk can go through all layers without waiting for the others.
      if WorkSplit.sharesPanels(rows: rows.count, workers) {
        pass.allLayers(rows, .panels(workers))
      } else {
        workers.forEachChunk(of: rows) { pass.allLayers($0, .rows(worker: $1)) }
      }
      return
    }
    workers.forEachChunk(of: rows) { chunk, _ in pass.embed(chunk) }
    for layer in p.layers.indices {
      workers.forEachChunk(of: rows) { pass.project(layer, $0, .rows(worker: $1)) }
      workers.forEachChunk(of: rows) { chunk, worker in
        pass.attend(layer, chunk, .rows(worker: worker))
        pass.feedForward(layer, chunk, .rows(worker: worker))
      }
    }
  }
}

/// One call of the forward pass: everything its tasks read.
private struct ForwardPass: Sendable {
  // Tasks write disjoint rows or panels, and scratch by worker; nothing else changes while they run.
  let transformer: Transformer
  let parameters: Parameters
  let layers: [Activations.Layer]
  let output: Matrix
  let keys: KeyTable
  let tokens: [Int32]
  /// Row number minus the number under which rows that are not kept are stored.
  let base: Int

  init(_ transformer: Transformer, _ parameters: Parameters, _ a: Activations, from first: Int) {
    (self.transformer, self.parameters) = (transformer, parameters)
    (layers, output, keys, tokens) = (a.layers, a.output, a.keys, a.tokens)
    base = a.base(from: first)
  }

  func allLayers(_ rows: Range<Int>, _ split: WorkSplit) {
    embed(rows)
    for layer in layers.indices {
      project(layer, rows, split)
      attend(layer, rows, split)
      feedForward(layer, rows, split)
    }
  }

  func embed(_ rows: Range<Int>) {
    Embedding.forward(
      layers[0].input, first: rows.lowerBound - base, table: parameters.embedding,
      tokens: tokens[rows])
  }

  /// Query, key and value of the rows.
  func project(_ index: Int, _ rows: Range<Int>, _ split: WorkSplit) {
    let (layer, weights) = (layers[index], parameters.layers[index])
    let (own, normed) = (stored(rows), transformer.scratch[split.worker].normed)
    RMSNorm.forward(
      normed, yFirst: 0, rstd: layer.inputScale, layer.input, rows: own,
      gain: weights.inputNorm, epsilon: transformer.epsilon)
    let panels = weights.query.panels + weights.key.panels + weights.value.panels
    split.multiply(panels: panels) { share in
      share.forward(layer.attention.q, normed, rows: own, xFirst: 0, weight: weights.query)
      share.forward(layer.attention.k, normed, rows: rows, xFirst: 0, weight: weights.key)
      share.forward(layer.attention.v, normed, rows: rows, xFirst: 0, weight: weights.value)
    }
    let positions = keys.positions[rows]
    transformer.rotary.forward(layer.attention.q, rows: own, positions: positions)
    transformer.rotary.forward(layer.attention.k, rows: rows, positions: positions)
  }

  /// Attention, once the keys and values of all rows are there, and its output projection.
  func attend(_ index: Int, _ rows: Range<Int>, _ split: WorkSplit) {
    let (layer, own) = (layers[index], stored(rows))
    split.forEach(rows) { rows, worker in
      transformer.attention.forward(
        layer.attention, keys: keys, rows: rows, first: rows.lowerBound - base,
        scratch: transformer.scratch[worker].attention)
    }
    layer.middle.copy(rows: own, from: layer.input, first: own.lowerBound)
    let weight = parameters.layers[index].output
    split.multiply(panels: weight.panels) { share in
      share.forward(
        layer.middle, layer.attention.out, rows: own, xFirst: own.lowerBound, weight: weight,
        accumulate: true)
    }
  }

  func feedForward(_ index: Int, _ rows: Range<Int>, _ split: WorkSplit) {
    let (layer, weights) = (layers[index], parameters.layers[index])
    let (own, scratch) = (stored(rows), transformer.scratch[split.worker])
    RMSNorm.forward(
      scratch.normed, yFirst: 0, rstd: layer.middleScale, layer.middle, rows: own,
      gain: weights.feedForwardNorm, epsilon: transformer.epsilon)
    split.multiply(panels: weights.gate.panels + weights.up.panels) { share in
      share.forward(layer.gate, scratch.normed, rows: own, xFirst: 0, weight: weights.gate)
      share.forward(layer.up, scratch.normed, rows: own, xFirst: 0, weight: weights.up)
    }
    SwiGLU.forward(scratch.activated, yFirst: 0, gate: layer.gate, up: layer.up, rows: own)
    let next = index + 1 < layers.count ? layers[index + 1].input : output
    next.copy(rows: own, from: layer.middle, first: own.lowerBound)
    split.multiply(panels: weights.down.panels) { share in
      share.forward(
        next, scratch.activated, rows: own, xFirst: 0, weight: weights.down, accumulate: true)
    }
  }

  /// Where the rows' numbers lie that are not kept.
  private func stored(_ rows: Range<Int>) -> Range<Int> {
    rows.lowerBound - base..<rows.upperBound - base
  }
}
