package import Formats
internal import LanguageModel
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
  /// The pairs of a JSON Lines file: `prompt`, `chosen`, `rejected` and perhaps `margin`.
  ///
  /// Texts are encoded as prompts and answers are elsewhere: prompt and completion apart, the
  /// beginning of sequence before, its end after.
  ///
  /// - Throws: one `FormatError` for all bad lines.
  package static func read(
    _ path: String, _ tokenizer: any Tokenizer, longest: Int
  ) throws(FormatError) -> [PreferencePair] {
    try SequenceEncoding(tokenizer, longest: longest).read(path, each: "pair") {
      (line, prompt, completion) throws(FormatError) in
      var margin = 0.0
      if let found = line.object["margin"], !found.isNull {
        guard let number = found.double, number.isFinite else {
          throw line.error(field: "margin", "got \(found.encoded()); need a number")
        }
        margin = number
      }
      return PreferencePair(
        prompt: prompt, chosen: try completion("chosen"), rejected: try completion("rejected"),
        margin: margin)
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

  /// The scored completions of a JSON Lines file: `prompt`, `completion` and `score`.
  ///
  /// - Throws: one `FormatError` for all bad lines.
  package static func read(
    _ path: String, _ tokenizer: any Tokenizer, longest: Int
  ) throws(FormatError) -> [ScoredCompletion] {
    try SequenceEncoding(tokenizer, longest: longest).read(path, each: "scored completion") {
      (line, prompt, completion) throws(FormatError) in
      guard let score = line.object["score"]?.double, score.isFinite else {
        throw line.error(
          field: "score", "got \(line.object["score"]?.encoded() ?? "nothing"); need a number")
      }
      return ScoredCompletion(
        prompt: prompt, completion: try completion("completion"), score: score)
    }
  }
}

/// How texts become the ids that a reward model reads.
struct SequenceEncoding: Sendable {
  private let tokenizer: any Tokenizer
  private let longest: Int

  /// - Parameter longest: the most tokens of a sequence.
  init(_ tokenizer: any Tokenizer, longest: Int) {
    self.tokenizer = tokenizer
    self.longest = longest
  }

  func prompt(_ text: String) -> [Int] {
    (tokenizer.bosID.map { [$0] } ?? []) + tokenizer.encode(text)
  }

  func completion(_ text: String, ends: Bool = true) -> [Int] {
    tokenizer.encode(text) + (ends ? tokenizer.eosID.map { [$0] } ?? [] : [])
  }

  /// Reads a JSON Lines file each line of which holds a `prompt` and completions that fit the model
  /// behind it.
  ///
  /// - Parameters:
  ///   - name: what a line is, for messages.
  ///   - element: makes it of the line, the ids of its prompt, and those of each completion by its
  ///     field.
  /// - Throws: one `FormatError` for all bad lines, or where there is none.
  func read<Element>(
    _ path: String, each name: String,
    _ element: (
      JSONLines.Line, _ prompt: [Int], _ completion: (String) throws(FormatError) -> [Int]
    ) throws(FormatError) -> Element
  ) throws(FormatError) -> [Element] {
    let bytes = try Files.read(path, maximumBytes: 1 << 30)
    let elements = try JSONLines.map(bytes, file: path) { line throws(FormatError) in
      let prompt = prompt(try line.string("prompt"))
      return try element(line, prompt) { field throws(FormatError) in
        let tokens = completion(try line.string(field))
        let count = prompt.count + tokens.count
        guard count <= longest else {
          throw line.error(
            field: field,
            "is too long (got \(count) tokens with its prompt; need at most \(longest))")
        }
        return tokens
      }
    }
    if elements.isEmpty { throw FormatError(file: path, message: "holds no \(name)") }
    return elements
  }
}
