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
}
