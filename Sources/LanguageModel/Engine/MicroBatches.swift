internal import Kernels

/// Some questions of a batch whose rows are in memory together.
package struct MicroBatch {
  package let activations: Activations
  package let predictions: Predictions
  /// Per prediction, the number of its token in the batch.
  package let tokens: [Int]
  /// Its first prediction row, counted over the batch.
  package let firstRow: Int
  /// Whether none follows that would take the same memory.
  package let isLast: Bool

  /// What a later pass under `p` can take over: what keeps everything is a whole batch.
  func kept(_ p: Parameters) -> Kept? {
    activations.retention == .everything ? Kept(activations, of: p) : nil
  }

  /// Hands each prediction row's value to the tokens it predicts.
  func write(_ values: Matrix, to result: inout [Float]) {
    for i in predictions.rows.indices {
      for k in predictions.ofRow(i) { result[tokens[k]] = values[i, 0] }
    }
  }

  func copy(to hidden: HiddenStates) {
    for (i, row) in predictions.rows.enumerated() {
      let target = firstRow + i
      hidden.stream.copy(rows: target..<target + 1, from: activations.output, first: Int(row))
    }
  }
}

extension Engine {
  /// Calls `body` with one micro-batch after the other: all that was kept, if it still holds under
  /// `p`, or as much as the budget holds.
  ///
  /// Every pass over a batch comes here, so that this is where what was kept is asked whether it
  /// holds.
  package func forEachMicroBatch(
    _ p: Parameters, _ batch: TokenBatch, _ retention: Activations.Retention,
    kept: Kept? = nil, _ body: (MicroBatch) -> Void
  ) {
    let kept = kept?.activations(under: p)
    let ranges =
      kept == nil
      ? batch.questions.runs(of: memory.rowLimit(retention), weighing: \.rowCount)
      : [batch.questions.indices]
    var (token, row) = (0, 0)
    for range in ranges {
      let a = kept ?? compute(p, batch, range, retention)
      let (predictions, tokens) = batch.predictions(range, in: a)
      body(
        MicroBatch(
          activations: a, predictions: predictions, tokens: tokens.map { token + $0 },
          firstRow: row, isLast: range.upperBound == ranges.last?.upperBound))
      token += tokens.count
      row += predictions.rows.count
    }
  }

  private func compute(
    _ p: Parameters, _ batch: TokenBatch, _ range: Range<Int>, _ retention: Activations.Retention
  ) -> Activations {
    let questions = batch.questions[range]
    let a = memory.activations(
      retention, rows: questions.reduce(0) { $0 + $1.rowCount },
      longest: questions.map(\.longest).max() ?? 1)
    batch.append(range, to: a)
    transformer.forward(p, a, from: 0)
    return a
  }
}

extension TokenBatch {
  /// Appends the rows of questions `range`, prompts first, then each completion's.
  fileprivate func append(_ range: Range<Int>, to a: Activations) {
    for question in questions[range] {
      let group = a.appendGroup(
        prompt: question.prompt, completions: question.completions.count)
      for (sequence, completion) in zip(group.completions, question.completions) {
        for token in completion.tokens.dropLast() { a.append(token, to: sequence) }
      }
    }
  }

  /// What the head must predict for questions `range`, whose rows are the groups of `a` in order,
  /// and the number of each prediction's token, counted from the first token of `range`.
  fileprivate func predictions(
    _ range: Range<Int>, in a: Activations
  ) -> (Predictions, tokens: [Int]) {
    precondition(a.groups.count == range.count)
    var predictions = Predictions()
    var tokens: [Int] = []
    var first = 0
    for (group, question) in zip(a.groups, questions[range]) {
      let shared = question.prompt.count
      var starts: [Int] = []
      for completion in question.completions {
        starts.append(first)
        first += completion.tokens.count
      }
      let nonempty = question.completions.indices.filter {
        !question.completions[$0].tokens.isEmpty
      }
      if let any = nonempty.first {
        predictions.append(
          row: a.row(of: group.prompt, at: shared - 1),
          tokens: nonempty.lazy.map { Int32(question.completions[$0].tokens[0]) },
          support: question.completions[any].supports?[0])
        tokens.append(contentsOf: nonempty.map { starts[$0] })
      }
      for (i, completion) in question.completions.enumerated() {
        for t in completion.tokens.indices.dropFirst() {
          predictions.append(
            row: a.row(of: group.completions.lowerBound + i, at: shared + t - 1),
            tokens: CollectionOfOne(Int32(completion.tokens[t])),
            support: completion.supports?[t])
          tokens.append(starts[i] + t)
        }
      }
    }
    return (predictions, tokens)
  }
}
