package import Kernels

/// Runs a model over whole batches within a memory budget.
///
/// Log-probabilities, divergences and values forward, gradients and Fisher-vector products back.
/// Results do not depend on the budget, bit for bit.
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

  /// What the heads say about every completion token, in canonical order, and the activations if
  /// those of the whole batch were kept.
  package struct Forward {
    package var logProbs: [Float]
    package var entropies: [Float]
    /// Exact divergences from the policies compared with, in the directions asked for.
    package var klOld: [Float]?
    package var klReference: [Float]?
    /// V of the state before each token.
    package var values: [Float]?
    package var hidden: HiddenStates?
    package var kept: Kept?
  }

  /// - Parameters:
  ///   - keep: Whether a backward pass over the same parameters follows.
  ///   - kept: Activations of the whole batch, from sampling or an earlier call: while they hold
  ///     under `p`, only the heads run.
  ///   - keepHidden: Whether to return what a later policy can be compared with.
  package func forward(
    _ p: Parameters, _ batch: TokenBatch, temperature: Float, keep: Bool,
    kept: Kept? = nil, keepHidden: Bool = false, old: ExactDivergence? = nil,
    reference: ExactDivergence? = nil, values scalarHead: ScalarHead? = nil
  ) -> Forward {
    let zeros = [Float](repeating: 0, count: batch.tokenCount)
    var result = Forward(
      logProbs: zeros, entropies: zeros, klOld: old.map { _ in zeros },
      klReference: reference.map { _ in zeros }, values: scalarHead.map { _ in zeros },
      hidden: keepHidden ? emptyHiddenStates(p, batch) : nil)
    forEachPiece(p, batch, retention(batch, keep: keep), kept: kept) { piece in
      let comparisons = [old, reference].compactMap {
        $0.map { ComparedRows(comparison: $0, first: piece.firstRow) }
      }
      let scores = head.scores(
        p, piece.activations, piece.predictions, temperature: temperature,
        comparing: comparisons)
      for (k, token) in piece.tokens.enumerated() {
        result.logProbs[token] = scores[0][k]
        result.entropies[token] = scores[1][k]
        result.klOld?[token] = scores[2][k]
        result.klReference?[token] = scores[scores.count - 1][k]
      }
      if let scalarHead { piece.write(readings(p, piece, scalarHead), to: &result.values) }
      if let hidden = result.hidden { piece.copy(to: hidden) }
      result.kept = piece.kept(p)
    }
    return result
  }

  /// The values alone, where the transformer is a value function's own and has no use for logits.
  package func values(
    _ p: Parameters, _ batch: TokenBatch, _ scalarHead: ScalarHead, keep: Bool,
    kept: Kept? = nil
  ) -> (values: [Float], kept: Kept?) {
    var values: [Float]? = Array(repeating: 0, count: batch.tokenCount)
    var all: Kept?
    forEachPiece(p, batch, retention(batch, keep: keep), kept: kept) { piece in
      piece.write(readings(p, piece, scalarHead), to: &values)
      all = piece.kept(p)
    }
    return (values ?? [], all)
  }

  /// What later policies can be compared with: the last layer's rows under `p`.
  package func hiddenStates(
    _ p: Parameters, _ batch: TokenBatch, kept: Kept? = nil
  ) -> HiddenStates {
    let hidden = emptyHiddenStates(p, batch)
    forEachPiece(p, batch, .keysAndValues, kept: kept) { $0.copy(to: hidden) }
    return hidden
  }

  private func emptyHiddenStates(_ p: Parameters, _ batch: TokenBatch) -> HiddenStates {
    let rows = batch.questions.reduce(0) { $0 + $1.predictionRowCount }
    return HiddenStates(
      stream: Matrix(rows: rows, columns: configuration.hiddenSize), parameters: p)
  }

  private func readings(_ p: Parameters, _ piece: Piece, _ scalarHead: ScalarHead) -> Matrix {
    scalarHead.forward(transformer, p, piece.activations, rows: piece.predictions.rows)
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

  private func retention(_ batch: TokenBatch, keep: Bool) -> Activations.Retention {
    let rows = batch.questions.reduce(0) { $0 + $1.rowCount }
    return keep && canKeep(rows: rows) ? .everything : .keysAndValues
  }

  /// Runs of whole questions whose rows fit the budget.
  func pieces(of batch: TokenBatch, _ retention: Activations.Retention) -> [Range<Int>] {
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

  func compute(
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

  func workspaces(_ p: Parameters, rows: Int) -> (BackwardWorkspace, HeadWorkspace) {
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
