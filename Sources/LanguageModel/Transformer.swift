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
package final class Transformer {
  package let configuration: ModelConfiguration
  package let workers: Workers
  let rotary: Rotary
  let attention: Attention
  var scratch: [Scratch]

  /// What one thread needs for a chunk of rows.
  struct Scratch {
    let normed: Matrix
    let activated: Matrix
    let attention: FloatBuffer

    init(_ c: ModelConfiguration) {
      normed = Matrix(rows: Transformer.chunkRows, columns: c.hiddenSize)
      activated = Matrix(rows: Transformer.chunkRows, columns: c.intermediateSize)
      attention = FloatBuffer(count: Attention.scratchCount(capacity: c.maximumPositions))
    }
  }

  /// Rows that a task takes through a layer: eight tiles of six, small enough for the caches.
  static let chunkRows = 48

  package init(_ configuration: ModelConfiguration, workers: Workers) {
    self.configuration = configuration
    self.workers = workers
    rotary = Rotary(
      headSize: configuration.headSize, positions: configuration.maximumPositions,
      theta: configuration.ropeTheta)
    attention = Attention(
      heads: configuration.attentionHeads, keyValueHeads: configuration.keyValueHeads,
      headSize: configuration.headSize)
    scratch = (0..<workers.count).map { _ in Scratch(configuration) }
  }

  /// Rows a task should take so that all threads have work and tiles stay full.
  func chunkSize(rows: Int) -> Int {
    let share = (rows + workers.count - 1) / workers.count
    return min(Transformer.chunkRows, share < 24 ? max(share, 1) : share.roundedUp(to: 6))
  }

  /// Computes the rows of `a` from `first` on; those before have been computed.
  package func forward(_ p: Parameters, _ a: Activations, from first: Int) {
    let rows = first..<a.rowCount
    if rows.isEmpty { return }
    a.countFilling()
    let size = chunkSize(rows: rows.count)
    let chunks = (rows.count + size - 1) / size
    let pass = ForwardPass(
      transformer: self, parameters: p, activations: a, rows: rows, chunkSize: size)
    if sharesPanels(rows: rows.count), pass.rowsAreIndependent {
      pass.runByPanels(workers)
    } else if pass.rowsAreIndependent {
      workers.run(chunks) { task, worker in
        let chunk = pass.chunk(task)
        pass.embed(chunk)
        for layer in p.layers.indices {
          pass.project(layer, chunk, worker)
          pass.attend(layer, chunk, worker)
        }
      }
    } else {
      workers.run(chunks) { task, _ in pass.embed(pass.chunk(task)) }
      for layer in p.layers.indices {
        workers.run(chunks) { task, worker in pass.project(layer, pass.chunk(task), worker) }
        workers.run(chunks) { task, worker in pass.attend(layer, pass.chunk(task), worker) }
      }
    }
  }
}

/// One call of the forward pass: everything its tasks read.
struct ForwardPass: Sendable {
  // Tasks write disjoint rows, and scratch by worker; nothing else changes while they run.
  let parameters: Parameters
  let layers: [Activations.Layer]
  let output: Matrix
  let keys: KeyTable
  let tokens: [Int32]
  let rotary: Rotary
  let attention: Attention
  let scratch: [Transformer.Scratch]
  let epsilon: Float
  let rows: Range<Int>
  let chunkSize: Int
  /// Row number minus the number under which rows that are not kept are stored.
  let base: Int

  init(
    transformer: Transformer, parameters: Parameters, activations a: Activations,
    rows: Range<Int>, chunkSize: Int
  ) {
    self.parameters = parameters
    (layers, output, keys, tokens) = (a.layers, a.output, a.keys, a.tokens)
    (rotary, attention) = (transformer.rotary, transformer.attention)
    scratch = transformer.scratch
    epsilon = Float(transformer.configuration.normEpsilon)
    (self.rows, self.chunkSize) = (rows, chunkSize)
    base = a.retention == .everything ? 0 : rows.lowerBound
  }

  /// No row attends to another of them, as in a decoding step: then a chunk can go through all
  /// layers without waiting for the others.
  var rowsAreIndependent: Bool {
    // A sequence's rows come in ascending order, a shared prompt's before its completions', so the
    // row at the position before is the last of those that a row attends to.
    rows.allSatisfy { row in
      let (sequence, position) = (Int(keys.sequences[row]), Int(keys.positions[row]))
      return position == 0 || keys.row(sequence, position - 1) < rows.lowerBound
    }
  }

  func chunk(_ task: Int) -> Range<Int> {
    let local = Workers.chunk(task, of: rows.count, size: chunkSize)
    return rows.lowerBound + local.lowerBound..<rows.lowerBound + local.upperBound
  }

  func local(_ rows: Range<Int>) -> Range<Int> {
    rows.lowerBound - base..<rows.upperBound - base
  }

  func embed(_ rows: Range<Int>) {
    Embedding.forward(
      layers[0].input, first: rows.lowerBound - base, table: parameters.embedding,
      tokens: tokens[rows])
  }

  /// Query, key and value of the rows.
  func project(_ index: Int, _ rows: Range<Int>, _ worker: Int) {
    let (layer, weights) = (layers[index], parameters.layers[index])
    let (own, normed) = (local(rows), scratch[worker].normed)
    RMSNorm.forward(
      normed, yFirst: 0, rstd: layer.inputScale, layer.input, rows: own,
      gain: weights.inputNorm, epsilon: epsilon)
    Linear.forward(layer.query, normed, rows: own, xFirst: 0, weight: weights.query)
    Linear.forward(layer.key, normed, rows: rows, xFirst: 0, weight: weights.key)
    Linear.forward(layer.value, normed, rows: rows, xFirst: 0, weight: weights.value)
    let positions = keys.positions[rows]
    rotary.forward(layer.query, rows: own, positions: positions)
    rotary.forward(layer.key, rows: rows, positions: positions)
  }

  /// Attention and the feed-forward block, once the keys and values of all rows are there.
  func attend(_ index: Int, _ rows: Range<Int>, _ worker: Int) {
    let (layer, weights) = (layers[index], parameters.layers[index])
    let (own, scratch) = (local(rows), scratch[worker])
    attention.forward(
      layer.attention, statistics: layer.statistics, q: layer.query, first: own.lowerBound,
      k: layer.key, v: layer.value, keys: keys, rows: rows, scratch: scratch.attention)
    layer.middle.copy(rows: own, from: layer.input, first: own.lowerBound)
    Linear.forward(
      layer.middle, layer.attention, rows: own, weight: weights.output, accumulate: true)
    RMSNorm.forward(
      scratch.normed, yFirst: 0, rstd: layer.middleScale, layer.middle, rows: own,
      gain: weights.feedForwardNorm, epsilon: epsilon)
    Linear.forward(layer.gate, scratch.normed, rows: own, xFirst: 0, weight: weights.gate)
    Linear.forward(layer.up, scratch.normed, rows: own, xFirst: 0, weight: weights.up)
    SwiGLU.forward(scratch.activated, yFirst: 0, gate: layer.gate, up: layer.up, rows: own)
    let next = index + 1 < layers.count ? layers[index + 1].input : output
    next.copy(rows: own, from: layer.middle, first: own.lowerBound)
    Linear.forward(
      next, scratch.activated, rows: own, xFirst: 0, weight: weights.down, accumulate: true)
  }
}
