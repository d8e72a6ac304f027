package import Formats
package import LanguageModel
package import Tokenization

/// Two completions of a prompt, one of which was preferred.
package struct PreferencePair: Sendable, Equatable {
  /// BOS and the prompt.
  package var prompt: [Int]
  package var chosen: [Int]
  package var rejected: [Int]
  package var margin = 0.0

  package init(prompt: [Int], chosen: [Int], rejected: [Int], margin: Double = 0) {
    (self.prompt, self.chosen, self.rejected, self.margin) = (prompt, chosen, rejected, margin)
  }

  var question: TokenBatch.Question {
    TokenBatch.Question(
      prompt: prompt, completions: [.init(tokens: chosen), .init(tokens: rejected)])
  }
}

extension PreferencePair {
  /// The pairs of a file's rows: `prompt`, `chosen`, `rejected` and perhaps `margin`.
  ///
  /// Texts are encoded as prompts and answers are elsewhere: prompt and completion apart, the
  /// beginning of sequence before, its end after.
  ///
  /// - Throws: one `FormatError` for all bad lines.
  package static func read(
    _ rows: Rows, _ encoding: SequenceEncoding
  ) throws(FormatError) -> [PreferencePair] {
    try encoding.read(rows, ["chosen", "rejected"]) {
      (row, prompt, completion) throws(FormatError) in
      let hasMargin = row.object["margin"].map { !$0.isNull } ?? false
      return PreferencePair(
        prompt: prompt, chosen: try completion("chosen"), rejected: try completion("rejected"),
        margin: hasMargin ? try row.number("margin") : 0)
    }
  }

  /// A pair as a checkpoint holds it.
  var encoded: JSON {
    func list(_ tokens: [Int]) -> JSON { .array(tokens.map { .integer($0) }) }
    return [list(prompt), list(chosen), list(rejected), .number(margin)]
  }

  init?(decoding json: JSON, for model: ModelConfiguration) {
    func tokens(_ value: JSON) -> [Int]? {
      guard let list = value.array, case let ids = list.compactMap(\.natural),
        ids.count == list.count, ids.allSatisfy({ $0 < model.vocabularySize })
      else { return nil }
      return ids
    }
    guard let parts = json.array, parts.count == 4, let prompt = tokens(parts[0]), !prompt.isEmpty,
      let chosen = tokens(parts[1]), let rejected = tokens(parts[2]), let margin = parts[3].double,
      margin.isFinite, prompt.count + max(chosen.count, rejected.count) <= model.maximumPositions
    else { return nil }
    self.init(prompt: prompt, chosen: chosen, rejected: rejected, margin: margin)
  }
}

/// A completion with a score somebody gave it.
package struct ScoredCompletion: Sendable, Equatable {
  package var prompt: [Int]
  package var completion: [Int]
  package var score: Double

  package init(prompt: [Int], completion: [Int], score: Double) {
    (self.prompt, self.completion, self.score) = (prompt, completion, score)
  }

  var question: TokenBatch.Question {
    TokenBatch.Question(prompt: prompt, completions: [.init(tokens: completion)])
  }

  /// The scored completions of a file's rows: `prompt`, `completion` and `score`.
  ///
  /// - Throws: one `FormatError` for all bad lines.
  package static func read(
    _ rows: Rows, _ encoding: SequenceEncoding
  ) throws(FormatError) -> [ScoredCompletion] {
    try encoding.read(rows, ["completion", "score"]) {
      (row, prompt, completion) throws(FormatError) in
      ScoredCompletion(
        prompt: prompt, completion: try completion("completion"), score: try row.number("score"))
    }
  }
}

/// How texts become the ids that a reward model reads.
package struct SequenceEncoding: Sendable {
  private let tokenizer: any Tokenizer
  /// What stands behind a completion that has ended.
  private let end: Int?
  /// The most tokens of a sequence.
  private let longest: Int

  /// - Parameter model: what writes or is given completions; its end need not be the tokenizer's.
  package init(_ tokenizer: any Tokenizer, for model: ModelConfiguration) {
    (self.tokenizer, end, longest) = (tokenizer, model.endID, model.maximumPositions)
  }

  func prompt(_ text: String) -> [Int] {
    (tokenizer.bosID.map { [$0] } ?? []) + tokenizer.encode(text)
  }

  func completion(_ text: String, ends: Bool = true) -> [Int] {
    tokenizer.encode(text) + (ends ? end.map { [$0] } ?? [] : [])
  }

  /// Makes an element of each row that holds a `prompt` and completions that fit the model behind it.
  ///
  /// - Parameters:
  ///   - columns: what rows have beside the prompt.
  ///   - element: makes it of the row, the ids of its prompt, and those of each completion by its
  ///     column.
  /// - Throws: one `FormatError` for a column that no row has, or for all bad rows.
  func read<Element>(
    _ rows: Rows, _ columns: [String],
    _ element: (
      Row, _ prompt: [Int], _ completion: (String) throws(FormatError) -> [Int]
    ) throws(FormatError) -> Element
  ) throws(FormatError) -> [Element] {
    for column in ["prompt"] + columns { try rows.require(column) }
    return try rows.map { row throws(FormatError) in
      let prompt = prompt(try row.text("prompt"))
      if prompt.isEmpty {
        throw row.error(field: "prompt", "is empty, and no beginning of sequence precedes it")
      }
      return try element(row, prompt) { column throws(FormatError) in
        let tokens = completion(try row.text(column))
        let count = prompt.count + tokens.count
        guard count <= longest else {
          throw row.error(
            field: column,
            "is too long (got \(count) tokens with its prompt; need at most \(longest))")
        }
        return tokens
      }
    }
  }
}
