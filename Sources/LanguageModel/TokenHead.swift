package import Kernels

/// What the head is asked for: tokens whose log-probability some row predicts.
///
/// Rows are hidden rows in canonical order, each named once; a prompt's last row predicts the first
/// token of every completion. Shapes: rows, supports: [R]; starts: [R + 1]; tokens: [predictions].
package struct Predictions: Sendable {
  package private(set) var rows: [Int32] = []
  package private(set) var starts: [Int] = [0]
  package private(set) var tokens: [Int32] = []
  /// The tokens that the row's distribution was restricted to, ascending; nil: all of them.
  package private(set) var supports: [[Int32]?] = []

  package init() {}

  package var count: Int { tokens.count }

  /// Appends a row and the tokens it predicts.
  package mutating func append(
    row: Int, tokens newTokens: some Sequence<Int32>, support: [Int32]?
  ) {
    rows.append(Int32(row))
    tokens.append(contentsOf: newTokens)
    starts.append(tokens.count)
    supports.append(support)
  }
}

/// The output head: from the residual stream to log-probabilities and entropies, and back.
///
///     logits = W_head · n(h)
///
/// Logits exist for a block of rows at a time, never for all.
package struct TokenHead {
  let transformer: Transformer
  private let scratch: [Scratch]

  private struct Scratch {
    let stream: Matrix
    let scale: FloatBuffer
    let normed: Matrix
    let logits: Matrix
    let exponentials: Matrix
    let gathered: Matrix

    init(_ c: ModelConfiguration, rows: Int) {
      stream = Matrix(rows: rows, columns: c.hiddenSize)
      scale = FloatBuffer(count: rows)
      normed = Matrix(rows: rows, columns: c.hiddenSize)
      logits = Matrix(rows: rows, columns: c.vocabularySize)
      exponentials = Matrix(rows: 1, columns: c.vocabularySize)
      gathered = Matrix(rows: 1, columns: c.vocabularySize)
    }
  }

  package init(_ transformer: Transformer) {
    self.transformer = transformer
    let c = transformer.configuration
    scratch = (0..<transformer.workers.count).map { _ in
      Scratch(c, rows: Transformer.chunkRows)
    }
  }

  /// One row of logits, as `forEachRow` shows it to its body.
  package struct Row: Sendable {
    package let logits: Matrix
    package let index: Int
    /// Scratch rows of the vocabulary's width.
    package let exponentials: Matrix
    package let gathered: Matrix

    /// The logits over `support`, gathered, or the whole row.
    package func distribution(support: [Int32]?) -> (logits: Matrix, row: Int, count: Int) {
      guard let support else { return (logits, index, logits.columns) }
      for (i, token) in support.enumerated() { gathered[0, i] = logits[index, Int(token)] }
      return (gathered, 0, support.count)
    }
  }

  /// Calls `body(i, row)` with the logits of `rows[i]`, rows of `a` that the last forward call
  /// computed (any row where all are kept).
  ///
  /// Calls for different rows may run at the same time.
  package func forEachRow(
    _ p: Parameters, _ a: Activations, rows: [Int32], from first: Int = 0,
    _ body: @Sendable (_ i: Int, _ row: Row) -> Void
  ) {
    let size = transformer.chunkSize(rows: rows.count)
    let base = a.retention == .everything ? 0 : first
    let (output, epsilon) = (a.output, Float(transformer.configuration.normEpsilon))
    let scratch = scratch
    transformer.workers.run((rows.count + size - 1) / size) { task, worker in
      let (chunk, s) = (Workers.chunk(task, of: rows.count, size: size), scratch[worker])
      for (i, row) in rows[chunk].enumerated() {
        s.stream.copy(rows: i..<i + 1, from: output, first: Int(row) - base)
      }
      let own = 0..<chunk.count
      RMSNorm.forward(
        s.normed, yFirst: 0, rstd: s.scale, s.stream, rows: own, gain: p.norm, epsilon: epsilon)
      Linear.forward(s.logits, s.normed, rows: own, weight: p.head)
      for i in own {
        body(
          chunk.lowerBound + i,
          Row(logits: s.logits, index: i, exponentials: s.exponentials, gathered: s.gathered))
      }
    }
  }

  /// What the head says about each prediction: log p(token) and the entropy of its row, at the
  /// temperature and over the support given.
  package func logProbs(
    _ p: Parameters, _ a: Activations, _ predictions: Predictions, from first: Int = 0,
    temperature: Float
  ) -> (logProbs: [Float], entropies: [Float]) {
    let results = FloatBuffer(count: 2 * predictions.count)
    forEachRow(p, a, rows: predictions.rows, from: first) { i, row in
      let support = predictions.supports[i]
      let (logits, index, count) = row.distribution(support: support)
      let statistics = Softmax.forward(
        row.exponentials, logits, row: index, count: count, temperature: temperature)
      for k in predictions.starts[i]..<predictions.starts[i + 1] {
        results[2 * k] = statistics.logProb(
          logit: row.logits[row.index, Int(predictions.tokens[k])], temperature: temperature)
        results[2 * k + 1] = Float(statistics.entropy)
      }
    }
    return (
      (0..<predictions.count).map { results[2 * $0] },
      (0..<predictions.count).map { results[2 * $0 + 1] }
    )
  }
}

/// The memory of the head's backward pass: a block of rows of logits.
package final class HeadWorkspace: Sendable {
  let stream: Matrix
  let scale: FloatBuffer
  let normed: Matrix
  let dnormed: Matrix
  let dlogits: Matrix
  let dstream: Matrix
  let exponentials: [Matrix]  // per worker
  let gathered: [Matrix]
  let weightScratch: [FloatBuffer]
  let transposed: FloatBuffer

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
    dstream = Matrix(rows: rows, columns: c.hiddenSize)
    func perWorker(_ columns: Int) -> [Matrix] {
      (0..<workers).map { _ in Matrix(rows: 1, columns: columns) }
    }
    (exponentials, gathered) = (perWorker(c.vocabularySize), perWorker(c.vocabularySize))
    weightScratch = (0..<workers).map { _ in
      FloatBuffer(count: Linear.scratchCount(inputs: c.hiddenSize))
    }
    transposed = FloatBuffer(count: Linear.transposedCount(p.head))
  }
}

extension TokenHead {
  /// The gradient of Σ dLogProb·logProb + Σ dEntropy·entropy over the predictions: added to
  /// `gradient` (head and last gain), and written to `w.dstream` of `workspace` for every row of
  /// `a`, zero where no prediction was asked for.
  ///
  /// The entropy of a row belongs to each of its predictions, so their dEntropy add up.
  package func backward(
    _ p: Parameters, gradient: Parameters, _ a: Activations, _ predictions: Predictions,
    dLogProb: [Float], dEntropy: [Float]?, temperature: Float, _ w: HeadWorkspace,
    _ workspace: BackwardWorkspace
  ) {
    precondition(dLogProb.count == predictions.count && a.retention == .everything)
    let workers = transformer.workers
    let (weight, transposed) = (p.head, w.transposed)
    let panels = (weight.inputs + 15) / 16
    workers.run(panels) { panel, _ in
      Linear.transpose(transposed, weight: weight, panels: panel..<panel + 1)
    }
    workspace.dstream.clear(rows: 0..<a.rowCount)
    let order = (0..<w.stream.rows).map(Int32.init)
    for first in stride(from: 0, to: predictions.rows.count, by: w.stream.rows) {
      let block = first..<min(first + w.stream.rows, predictions.rows.count)
      let pass = HeadBackwardPass(
        parameters: p, predictions: predictions, dLogProb: dLogProb, dEntropy: dEntropy,
        temperature: temperature, epsilon: Float(transformer.configuration.normEpsilon),
        block: block, output: a.output, dstream: workspace.dstream, workspace: w)
      let size = transformer.chunkSize(rows: block.count)
      workers.run((block.count + size - 1) / size) { task, worker in
        pass.rows(Workers.chunk(task, of: block.count, size: size), worker)
      }
      let index = order[0..<block.count]
      let target = gradient.head
      let pieces = (target.panels + 7) / 8
      workers.run(pieces + 1) { task, worker in
        if task < pieces {
          Linear.backwardWeight(
            target, panels: task * 8..<min(task * 8 + 8, target.panels), x: pass.workspace.normed,
            dy: pass.workspace.dlogits, index: index,
            scratch: pass.workspace.weightScratch[worker])
        } else {
          RMSNorm.backwardGain(
            gradient.norm, dy: pass.workspace.dnormed, pass.workspace.stream,
            rstd: pass.workspace.scale, index: index)
        }
      }
    }
  }
}

/// One block of the head's backward pass.
private struct HeadBackwardPass: Sendable {
  let parameters: Parameters
  let predictions: Predictions
  let dLogProb: [Float]
  let dEntropy: [Float]?
  let temperature: Float
  let epsilon: Float
  let block: Range<Int>
  let output: Matrix
  let dstream: Matrix
  let workspace: HeadWorkspace

  /// Rows `rows` of the block: logits again, their gradient, and back through the last norm.
  func rows(_ rows: Range<Int>, _ worker: Int) {
    let (p, w) = (parameters, workspace)
    for row in rows {
      let source = Int(predictions.rows[block.lowerBound + row])
      w.stream.copy(rows: row..<row + 1, from: output, first: source)
    }
    RMSNorm.forward(
      w.normed, yFirst: rows.lowerBound, rstd: w.scale, w.stream, rows: rows, gain: p.norm,
      epsilon: epsilon)
    Linear.forward(w.dlogits, w.normed, rows: rows, weight: p.head)
    for row in rows { logitGradient(row, worker) }
    Linear.backwardInput(
      w.dnormed, w.dlogits, rows: rows, transposed: w.transposed, weight: p.head,
      accumulate: false)
    w.dstream.clear(rows: rows)
    RMSNorm.backward(
      w.dstream, dy: w.dnormed, dyFirst: rows.lowerBound, w.stream, rows: rows, gain: p.norm,
      rstd: w.scale)
    for row in rows {
      let target = Int(predictions.rows[block.lowerBound + row])
      dstream.copy(rows: target..<target + 1, from: w.dstream, first: row)
    }
  }

  /// Turns the logits of one row into their gradient, in place.
  private func logitGradient(_ row: Int, _ worker: Int) {
    let (w, i) = (workspace, block.lowerBound + row)
    let own = predictions.starts[i]..<predictions.starts[i + 1]
    let entropyCoefficient = dEntropy.map { d in own.reduce(0) { $0 + d[$1] } } ?? 0
    guard let support = predictions.supports[i] else {
      let statistics = Softmax.forward(
        w.exponentials[worker], w.dlogits, row: row, count: w.dlogits.columns,
        temperature: temperature)
      Softmax.backward(
        w.dlogits, row: row, exponentials: w.exponentials[worker], logits: w.dlogits,
        logitsRow: row, count: w.dlogits.columns, temperature: temperature,
        statistics: statistics,
        targets: own.map { (Int(predictions.tokens[$0]), dLogProb[$0]) },
        dEntropy: entropyCoefficient)
      return
    }
    let gathered = w.gathered[worker]
    for (k, token) in support.enumerated() { gathered[0, k] = w.dlogits[row, Int(token)] }
    let statistics = Softmax.forward(
      w.exponentials[worker], gathered, row: 0, count: support.count, temperature: temperature)
    let places = own.compactMap { k in
      support.firstIndex(of: predictions.tokens[k]).map { ($0, dLogProb[k]) }
    }
    precondition(places.count == own.count, "a token outside the support it was drawn from")
    Softmax.backward(
      gathered, row: 0, exponentials: w.exponentials[worker], logits: gathered, logitsRow: 0,
      count: support.count, temperature: temperature, statistics: statistics, targets: places,
      dEntropy: entropyCoefficient)
    w.dlogits.clear(rows: row..<row + 1)
    for (k, token) in support.enumerated() { w.dlogits[row, Int(token)] = gathered[0, k] }
  }
}
