internal import Kernels
package import LanguageModel
public import Tokenization

/// Text in, text out: encodes prompts, draws completions and decodes them.
///
///     let policy = try Policy(directory: "runs/quickstart/model")
///     let options = SamplingOptions(maximumTokens: 8, eosIDs: policy.eosIDs)
///     let sampler = TextSampler(policy, options: options, threads: 2)
///     for completion in try sampler.complete("12+34=", count: 4) { print(completion.text) }
///
/// BOS precedes every prompt, where the tokenizer adds one; prompt and completion are never encoded
/// together. A completion's text leaves out its end-of-sequence token and ends before the first stop
/// text; its token ids are what was drawn.
public struct TextSampler {
  /// One completion of a prompt.
  public struct DrawnText: Sendable {
    /// The completion's text, without the end-of-sequence token and up to the first stop text.
    public var text: String
    /// BOS, where the tokenizer adds one, and the prompt's ids.
    public var promptIDs: [Int]
    /// The ids as they were drawn, with their log-probs.
    public var drawn: SampledCompletion
  }

  /// The policy's tokenizer, with as many ids as the model.
  public let tokenizer: any Tokenizer
  package let engine: Engine
  /// How tokens are chosen.
  public var options: SamplingOptions
  private let parameters: Parameters
  private let stops: StopTexts

  /// Rows that are computed at a time, about, over all prompts and completions.
  package static let rowsAtOnce = 1 << 14

  /// - Parameter engine: One for the policy's model.
  package init(
    _ policy: Policy, engine: Engine, options: SamplingOptions, stop: [String] = []
  ) {
    self.engine = engine
    tokenizer = PaddedTokenizer(
      policy.tokenizer, vocabularySize: engine.configuration.vocabularySize)
    (self.options, parameters, stops) = (options, policy.parameters, StopTexts(texts: stop))
  }

  /// Creates a sampler.
  ///
  /// - Parameters:
  ///   - stop: Texts that end a completion.
  ///   - threads: How many threads compute; results do not depend on it.
  public init(
    _ policy: Policy, options: SamplingOptions, stop: [String] = [], threads: Int = 1
  ) {
    self.init(policy, engine: policy.engine(threads: threads), options: options, stop: stop)
  }

  /// BOS, where the tokenizer adds one, and the prompt's ids.
  ///
  /// - Throws: `PromptError` for a prompt that is empty or leaves no room for a completion.
  public func encode(_ prompt: String) throws(PromptError) -> [Int] {
    let ids = (tokenizer.bosID.map { [$0] } ?? []) + tokenizer.encode(prompt)
    try PromptError.check(ids, context: engine.configuration.maximumPositions)
    return ids
  }

  /// The text of drawn ids: without an end-of-sequence id at the end, and up to the first stop
  /// text.
  ///
  /// - Throws: `TokenizerError` for an id that is not in the vocabulary.
  public func text(of tokens: [Int]) throws -> String {
    let hasEnd = tokens.last.map { options.eosIDs.contains($0) } ?? false
    let text = try tokenizer.decode(hasEnd ? tokens.dropLast() : tokens)
    return stops.cut(text) ?? text
  }

  /// The part of the text of a completion's first tokens that stays as it is, whatever follows.
  ///
  /// Left out are what a stop text may begin with, and the marks of a character whose last bytes
  /// may come yet: U+FFFD for each of the at most three that are there.
  func certainText(of tokens: [Int]) throws -> String {
    var bytes = Array(try tokenizer.decode(tokens).utf8)[...]
    for _ in 0..<3 where bytes.suffix(3).elementsEqual("\u{FFFD}".utf8) { bytes.removeLast(3) }
    bytes.removeLast(stops.openBytes(of: bytes))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Ends a completion with a stop text; nil where there is none to look for.
  var endRule: Decoding.EndRule? {
    if stops.texts.isEmpty { return nil }
    return { [stops, tokenizer] in try stops.cut(tokenizer.decode($0)) != nil }
  }

  /// Draws `count` completions of a prompt, to which no template is applied.
  ///
  /// - Parameters:
  ///   - seed: The same seed, row and sample number give the same completion.
  ///   - row: Tells apart prompts that are drawn under one seed.
  ///   - firstSample: The number of the first completion; later ones count on.
  /// - Throws: `PromptError`, or `SamplingError` for logits that are not finite.
  public func complete(
    _ prompt: String, count: Int = 1, seed: UInt64 = 0, row: Int = 0, firstSample: Int = 0
  ) throws -> [DrawnText] {
    let ids = try encode(prompt)
    let room = min(options.maximumTokens, engine.configuration.maximumPositions - ids.count)
    let atOnce = max(1, Self.rowsAtOnce / room)
    var found: [DrawnText] = []
    for first in stride(from: 0, to: count, by: atOnce) {
      let request = Sampler.Request(prompt: ids, row: row, firstSample: firstSample + first)
      let (drawn, texts) = try sample(
        parameters, [request], completions: min(atOnce, count - first),
        draws: Draws(key: RandomKey(seed: seed, purpose: .sampling), step: 0))
      found += zip(texts[0], drawn.completions[0]).map {
        DrawnText(text: $0, promptIDs: ids, drawn: $1)
      }
    }
    return found
  }

  /// `count` completions of each request, as they were drawn and as texts.
  ///
  /// - Parameter keep: Keeps what a backward pass needs, if it fits the engine's budget.
  package func sample(
    _ p: Parameters, _ requests: [Sampler.Request], completions count: Int, draws: Draws,
    keep: Bool = false
  ) throws -> (drawn: Sampler.Result, texts: [[String]]) {
    let drawn = try Sampler(engine: engine, options: options).sample(
      p, requests, completions: count, draws: draws, keep: keep, endRule: endRule)
    return (drawn, try drawn.completions.map { try $0.map { try text(of: $0.tokens) } })
  }

  /// The completion that ``complete(_:count:seed:row:firstSample:)`` gives, none of it drawn yet.
  func decoding(
    _ prompt: String, seed: UInt64, row: Int, sample: Int
  ) throws(PromptError) -> Decoding {
    try Sampler(engine: engine, options: options).decoding(
      parameters,
      [Sampler.Request(prompt: try encode(prompt), row: row, firstSample: sample)],
      completions: 1, draws: Draws(key: RandomKey(seed: seed, purpose: .sampling), step: 0))
  }
}
