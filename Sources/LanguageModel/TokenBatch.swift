/// Questions and their completions as token ids: what one optimizer step sees.
///
/// Tokens of the completions are numbered in the canonical order (question, completion, position);
/// per-token arrays everywhere follow it.
package struct TokenBatch: Sendable {
  package struct Completion: Sendable {
    package var tokens: [Int]
    /// Per token, the ids its distribution was restricted to; nil: all of them, for every token.
    package var supports: [[Int32]]?

    package init(tokens: [Int], supports: [[Int32]]? = nil) {
      precondition(supports == nil || supports?.count == tokens.count)
      (self.tokens, self.supports) = (tokens, supports)
    }
  }

  package struct Question: Sendable {
    package var prompt: [Int]
    package var completions: [Completion]

    package init(prompt: [Int], completions: [Completion]) {
      precondition(!prompt.isEmpty)
      (self.prompt, self.completions) = (prompt, completions)
    }

    /// Rows it takes: a completion's last token is predicted, but predicts nothing.
    var rowCount: Int {
      completions.reduce(prompt.count) { $0 + max($1.tokens.count - 1, 0) }
    }

    /// Rows that predict a token: the prompt's last speaks for the first of every completion.
    var predictionRowCount: Int {
      completions.reduce(completions.allSatisfy(\.tokens.isEmpty) ? 0 : 1) {
        $0 + max($1.tokens.count - 1, 0)
      }
    }

    var longest: Int { prompt.count + (completions.map(\.tokens.count).max() ?? 0) }
  }

  package var questions: [Question]

  package init(_ questions: [Question]) { self.questions = questions }

  /// Tokens of all completions.
  package var tokenCount: Int {
    questions.reduce(0) { $0 + $1.completions.reduce(0) { $0 + $1.tokens.count } }
  }

  /// The tokens of each completion, as numbers in the canonical order.
  package var completionRanges: [Range<Int>] {
    var first = 0
    return questions.flatMap(\.completions).map { completion in
      defer { first += completion.tokens.count }
      return first..<first + completion.tokens.count
    }
  }

  /// Appends the rows of questions `range`, prompts first, then each completion's.
  func append(_ range: Range<Int>, to a: Activations) {
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
  func predictions(_ range: Range<Int>, in a: Activations) -> (Predictions, tokens: [Int]) {
    precondition(a.groups.count == range.count)
    var predictions = Predictions()
    var numbers: [Int] = []
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
        numbers.append(contentsOf: nonempty.map { starts[$0] })
      }
      for (i, completion) in question.completions.enumerated() {
        for t in completion.tokens.indices.dropFirst() {
          predictions.append(
            row: a.row(of: group.completions.lowerBound + i, at: shared + t - 1),
            tokens: CollectionOfOne(Int32(completion.tokens[t])),
            support: completion.supports?[t])
          numbers.append(starts[i] + t)
        }
      }
    }
    return (predictions, numbers)
  }
}
