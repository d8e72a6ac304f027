package import Kernels

/// Runs a model over whole batches within a memory budget.
///
/// Log-probabilities forward, gradients back. Results do not depend on the budget, bit for bit.
package final class Engine {
  package let configuration: ModelConfiguration
  package let transformer: Transformer
  package let head: TokenHead
  private let activationBytes: Int
  private var everything: Activations?
  private var keysAndValues: Activations?
  private var workspace: BackwardWorkspace?
  private var headWorkspace: HeadWorkspace?

  /// - Parameter activationBytes: Memory for activations and their gradients; one question's rows
  ///   are always held, whatever they take.
  package init(_ configuration: ModelConfiguration, workers: Workers, activationBytes: Int) {
    self.configuration = configuration
    self.activationBytes = activationBytes
    transformer = Transformer(configuration, workers: workers)
    head = TokenHead(transformer)
  }

  /// Log-probabilities and entropies of every completion token, in canonical order, and the
  /// activations if those of the whole batch were kept.
  package struct Forward {
    package var logProbs: [Float]
    package var entropies: [Float]
    package var kept: Activations?
  }

  /// - Parameter keep: Whether a backward pass over the same parameters follows.
  package func forward(
    _ p: Parameters, _ batch: TokenBatch, temperature: Float, keep: Bool
  ) -> Forward {
    let retention: Activations.Retention =
      keep && fits(batch) ? .everything : .keysAndValues
    var result = Forward(
      logProbs: Array(repeating: 0, count: batch.tokenCount),
      entropies: Array(repeating: 0, count: batch.tokenCount))
    var first = 0
    for range in pieces(of: batch, retention) {
      let a = compute(p, batch, range, retention)
      let (predictions, numbers) = batch.predictions(range, in: a)
      let (logProbs, entropies) = head.logProbs(p, a, predictions, temperature: temperature)
      for (k, number) in numbers.enumerated() {
        result.logProbs[first + number] = logProbs[k]
        result.entropies[first + number] = entropies[k]
      }
      first += numbers.count
      if retention == .everything { result.kept = a }
    }
    if !result.logProbs.allSatisfy({ $0.isFinite }) { forgetActivations() }
    return result
  }

  /// Lets go of memory that held numbers that are not finite: vectors reach into the lanes beside a
  /// row, and there 0 · NaN is NaN.
  package func forgetActivations() { (everything, keysAndValues) = (nil, nil) }

  /// Adds the gradient of Σ dLogProb·logProb + Σ dEntropy·entropy over all completion tokens.
  ///
  /// - Parameter kept: Activations of the whole batch under `p`, from `forward` or from sampling;
  ///   without them they are computed again, piece by piece.
  package func backward(
    _ p: Parameters, gradient: Parameters, _ batch: TokenBatch, dLogProb: [Float],
    dEntropy: [Float]? = nil, temperature: Float, kept: Activations?
  ) {
    precondition(dLogProb.count == batch.tokenCount)
    // With tied weights the head's sum must end before the embedding's begins, whatever the pieces.
    var embedded: [(dx: Matrix, tokens: [Int32], order: [Int32])] = []
    let ranges = kept == nil ? pieces(of: batch, .everything) : [batch.questions.indices]
    var first = 0
    for range in ranges {
      let a = kept ?? compute(p, batch, range, .everything)
      let (predictions, numbers) = batch.predictions(range, in: a)
      let (w, headWorkspace) = workspaces(p, rows: a.rowCount)
      head.backward(
        p, gradient: gradient, a, predictions, dLogProb: numbers.map { dLogProb[first + $0] },
        dEntropy: dEntropy.map { d in numbers.map { d[first + $0] } }, temperature: temperature,
        headWorkspace, w)
      transformer.backward(p, gradient: gradient, a, w)
      first += numbers.count
      var dx = w.dstream
      if ranges.count > 1 {
        dx = Matrix(rows: a.rowCount, columns: configuration.hiddenSize)
        dx.copy(rows: 0..<a.rowCount, from: w.dstream, first: 0)
      }
      embedded.append((dx, a.tokens, a.canonicalOrder().rows))
    }
    let (columns, hiddenSize) = (16, configuration.hiddenSize)
    for piece in embedded {
      transformer.workers.run((hiddenSize + columns - 1) / columns) { task, _ in
        Embedding.backward(
          gradient.embedding, dx: piece.dx, tokens: piece.tokens, index: piece.order,
          columns: Workers.chunk(task, of: hiddenSize, size: columns))
      }
    }
  }

  /// Empty activations for `rows` rows of sequences up to `longest`; kept from call to call.
  package func activations(
    _ retention: Activations.Retention, rows: Int, longest: Int
  ) -> Activations {
    let current = retention == .everything ? everything : keysAndValues
    if let current, current.rowCapacity >= rows, current.maximumLength >= longest {
      current.removeAll()
      return current
    }
    let made = Activations(
      configuration, rowCapacity: rows.roundedUp(to: 64),
      maximumLength: min(longest.roundedUp(to: 16), configuration.maximumPositions),
      retention: retention)
    if retention == .everything { everything = made } else { keysAndValues = made }
    return made
  }

  /// Whether `rows` rows can be kept for a backward pass.
  package func canKeep(rows: Int) -> Bool { rows <= rowLimit(.everything) }

  /// Whether keys and values of `rows` rows fit.
  package func canHold(rows: Int) -> Bool { rows <= rowLimit(.keysAndValues) }

  private func rowLimit(_ retention: Activations.Retention) -> Int {
    var bytes = Activations.bytesPerRow(configuration, retention)
    if retention == .everything { bytes += BackwardWorkspace.bytesPerRow(configuration) }
    return activationBytes / bytes
  }

  private func fits(_ batch: TokenBatch) -> Bool {
    canKeep(rows: batch.questions.reduce(0) { $0 + $1.rowCount })
  }

  /// Runs of whole questions whose rows fit the budget.
  private func pieces(of batch: TokenBatch, _ retention: Activations.Retention) -> [Range<Int>] {
    let limit = rowLimit(retention)
    var ranges: [Range<Int>] = []
    var (start, rows) = (0, 0)
    for (i, question) in batch.questions.enumerated() {
      if i > start, rows + question.rowCount > limit {
        ranges.append(start..<i)
        (start, rows) = (i, 0)
      }
      rows += question.rowCount
    }
    if start < batch.questions.count { ranges.append(start..<batch.questions.count) }
    return ranges
  }

  private func compute(
    _ p: Parameters, _ batch: TokenBatch, _ range: Range<Int>,
    _ retention: Activations.Retention
  ) -> Activations {
    let questions = batch.questions[range]
    let a = activations(
      retention, rows: questions.reduce(0) { $0 + $1.rowCount },
      longest: questions.map(\.longest).max() ?? 1)
    batch.append(range, to: a)
    transformer.forward(p, a, from: 0)
    return a
  }

  private func workspaces(_ p: Parameters, rows: Int) -> (BackwardWorkspace, HeadWorkspace) {
    let own: BackwardWorkspace
    if let workspace, workspace.rowCapacity >= rows {
      own = workspace
    } else {
      own = BackwardWorkspace(
        p, rowCapacity: rows.roundedUp(to: 64), workers: transformer.workers.count)
      workspace = own
    }
    let shared = headWorkspace ?? HeadWorkspace(p, workers: transformer.workers.count)
    headWorkspace = shared
    return (own, shared)
  }
}
