public import Datasets
internal import Formats
internal import Kernels
package import LanguageModel
package import Rewards
public import Sampling
public import Tokenization

/// A tokenizer that does not belong to a model, or a question that does not fit it.
public enum TextSamplerError: Error, CustomStringConvertible, Sendable {
  case vocabulary(tokenizer: Int, model: Int)
  /// A token that is no piece, and no id of the model.
  case addedToken(String, id: Int, model: Int)
  /// There is nothing to complete: no text, and no beginning of sequence before it.
  case promptEmpty(file: String, line: Int)
  /// The tokenizer's settings put an end of sequence behind every prompt.
  case endsPrompts
  case promptTooLong(file: String, line: Int, tokens: Int, context: Int)

  public var description: String {
    switch self {
    case .vocabulary(let tokenizer, let model):
      "the tokenizer does not fit the model (got \(tokenizer) pieces; need at most \(model))"
    case .addedToken(let text, let id, let model):
      "the tokenizer does not fit the model (added token \(text.quotedForMessage()) has the id "
        + "\(id); need 0...\(model - 1))"
    case .promptEmpty(let file, let line):
      "\(file):\(line): prompt: is empty (need text, as no beginning of sequence precedes it)"
    case .endsPrompts:
      "tokenizer_config.json: add_eos_token: would end every prompt (got true; need false)"
    case .promptTooLong(let file, let line, let tokens, let context):
      "\(file):\(line): prompt: is too long (got \(tokens) tokens; need at most \(context - 1), "
        + "with a context of \(context))"
    }
  }
}

/// Text in, text out: encodes prompts, draws completions and decodes them.
///
/// BOS precedes every prompt, where the tokenizer adds one; prompt and completion are never encoded together. A completion's text
/// leaves out its end-of-sequence token and ends before the first stop string, which is looked for
/// by its bytes; its token ids are what was drawn.
public struct TextSampler {
  public let tokenizer: any Tokenizer
  package let engine: Engine
  public let options: SamplingOptions
  public let stop: [String]

  package init(
    engine: Engine, tokenizer: any Tokenizer, options: SamplingOptions, stop: [String] = []
  ) throws(TextSamplerError) {
    try TextModel.check(tokenizer, fits: engine.configuration)
    self.engine = engine
    self.tokenizer = PaddedTokenizer(
      tokenizer, vocabularySize: engine.configuration.vocabularySize)
    (self.options, self.stop) = (options, stop)
  }

  /// BOS and the prompt's ids.
  public func encode(prompt: String) -> [Int] {
    (tokenizer.bosID.map { [$0] } ?? []) + tokenizer.encode(prompt)
  }

  /// The ids of all prompts; one that is empty or leaves no room for a completion is an error.
  public func encode(_ set: QuestionSet) throws(TextSamplerError) -> [[Int]] {
    let context = engine.configuration.maximumPositions
    var prompts: [[Int]] = []
    for question in set.questions {
      let ids = encode(prompt: question.prompt)
      if ids.isEmpty { throw .promptEmpty(file: set.file, line: question.line) }
      if ids.count >= context {
        throw .promptTooLong(
          file: set.file, line: question.line, tokens: ids.count, context: context)
      }
      prompts.append(ids)
    }
    return prompts
  }

  /// The text of drawn ids.
  public func text(of tokens: [Int]) throws -> String {
    let last = tokens.last.map { options.eosIDs.contains($0) } ?? false
    let text = try tokenizer.decode(last ? tokens.dropLast() : tokens)
    guard let cut = firstStop(in: text) else { return text }
    return String(text[..<cut])
  }

  /// A token that ends within a character ends where that character begins, and the one that
  /// completes it holds it; behind a stop string all tokens end where the text does.
  private static func tokenEnds(
    _ tokens: [Int], in text: String, _ tokenizer: any Tokenizer
  ) throws -> [Int] {
    try tokens.indices.map { last in
      let prefix = try tokenizer.decode(Array(tokens[...last]))
      return zip(prefix.utf8, text.utf8).prefix { $0 == $1 }.count
    }
  }

  private func firstStop(in text: String) -> String.Index? {
    stop.compactMap { text.firstRange(ofBytes: $0)?.lowerBound }.min()
  }

  /// `count` completions of each question.
  ///
  /// - Parameter requests: The questions' encoded prompts and keys, in the same order.
  package func sample(
    _ p: Parameters, _ questions: [Question], _ requests: [Sampler.Request],
    completions count: Int, draws: Draws, keep: Bool = false
  ) throws -> (drawn: Sampler.Result, completions: [[Completion]]) {
    precondition(questions.count == requests.count)
    var ends: ((Int, [Int]) throws -> Bool)?
    if !stop.isEmpty { ends = { try firstStop(in: tokenizer.decode($1)) != nil } }
    let drawn = try Sampler(engine: engine, options: options).sample(
      p, requests, completions: count, draws: draws, keep: keep, isFinished: ends)
    let completions = try zip(questions, drawn.completions).map { question, samples in
      try samples.map { sample in
        let text = try text(of: sample.tokens)
        var completion = Completion(
          prompt: question.prompt, text: text, tokenIDs: sample.tokens,
          finishReason: sample.stopped ? .stop : .length,
          tokenEnds: { [tokenizer] in try Self.tokenEnds(sample.tokens, in: text, tokenizer) },
          columns: question.columns)
        completion.label = question.label
        return completion
      }
    }
    return (drawn, completions)
  }
}
