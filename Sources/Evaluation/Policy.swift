internal import Datasets
internal import Formats
package import Kernels
public import LanguageModel
internal import Rewards
public import Sampling
internal import Tokenization

/// A model directory in memory, and what computes on it: text in, text out.
///
///     let policy = try Policy("runs/quickstart/model", threads: 2)
///     let options = SamplingOptions(maximumTokens: 8, eosIDs: policy.eosIDs)
///     for completion in try policy.complete("12+34=", count: 4, options: options) {
///       print(completion.text)
///     }
public final class Policy {
  /// One completion of a prompt.
  public struct DrawnText: Sendable {
    /// Without the end-of-sequence token, and up to the first stop string.
    public var text: String
    /// BOS and the prompt.
    public var promptIDs: [Int]
    public var drawn: SampledCompletion
  }

  public let path: String
  public let model: Model
  private let workers: Workers
  private let loadedTokenizer: SentencePieceTokenizer?
  private lazy var ownEngine = engine()

  /// Rows that are computed at a time, about, over all prompts and completions.
  package static let rowsAtOnce = 1 << 14
  private static let activationBytes = 1 << 30

  /// Reads `config.json`, `model.safetensors` and `tokenizer.model`.
  ///
  /// - Parameter threads: How many compute; results do not depend on it.
  /// - Throws: `FormatError` and `TokenizerError`, which name the file.
  public convenience init(_ directory: String, threads: Int) throws {
    try self.init(directory, workers: Workers(count: threads), withTokenizer: true)
  }

  /// - Parameter withTokenizer: False where ids are all there is; then texts are a mistake.
  package init(_ directory: String, workers: Workers, withTokenizer: Bool) throws {
    path = directory
    self.workers = workers
    if withTokenizer {
      let whole = try TextModel(directory: directory)
      (model, loadedTokenizer) = (whole.model, whole.tokenizer)
    } else {
      (model, loadedTokenizer) = (try ModelDirectory.load(directory), nil)
    }
  }

  /// Tokens of a prompt and its completion together, at most.
  public var context: Int { model.configuration.maximumPositions }

  /// The ids that end a completion.
  public var eosIDs: [Int] { model.configuration.eosTokenIDs }

  /// What its files say that is left out, one line each.
  public var warnings: [String] { model.configuration.warnings }

  package var parameters: Parameters { model.parameters }

  package func engine() -> Engine {
    Engine(model.configuration, workers: workers, activationBytes: Self.activationBytes)
  }

  /// A sampler of texts with the model's own tokenizer.
  package func sampler(
    options: SamplingOptions, stop: [String] = []
  ) throws(TextSamplerError) -> TextSampler {
    guard let loadedTokenizer else { preconditionFailure("loaded without its tokenizer") }
    return try TextSampler(
      engine: ownEngine, tokenizer: loadedTokenizer, options: options, stop: stop)
  }

  /// `count` completions of a prompt, which is taken as it is behind a beginning-of-sequence token.
  ///
  /// - Parameters:
  ///   - seed: The same seed, row and sample number give the same completion.
  ///   - row: Tells apart prompts that are drawn under one seed.
  ///   - firstSample: The number of the first completion; later ones count on.
  /// - Throws: `TextSamplerError` for a prompt that is empty or leaves no room for a completion,
  ///   `SamplingError` for logits that are not finite.
  public func complete(
    _ prompt: String, count: Int = 1, options: SamplingOptions, stop: [String] = [],
    seed: UInt64 = 0, row: Int = 0, firstSample: Int = 0
  ) throws -> [DrawnText] {
    let sampler = try sampler(options: options, stop: stop)
    let ids = sampler.encode(prompt: prompt)
    guard !ids.isEmpty else { throw TextSamplerError.promptEmpty(file: "prompt", line: row + 1) }
    guard ids.count < context else {
      throw TextSamplerError.promptTooLong(
        file: "prompt", line: row + 1, tokens: ids.count, context: context)
    }
    let question = Question(index: row, line: row + 1, prompt: prompt, answer: nil, columns: [:])
    let draws = Draws(key: RandomKey(seed: seed, purpose: .sampling), step: 0)
    var texts: [DrawnText] = []
    let atOnce = max(1, Self.rowsAtOnce / min(options.maximumTokens, context - ids.count))
    for first in stride(from: 0, to: count, by: atOnce) {
      let (drawn, completions) = try sampler.sample(
        parameters, [question],
        [Sampler.Request(prompt: ids, row: row, firstSample: firstSample + first)],
        completions: min(atOnce, count - first), draws: draws)
      texts += zip(drawn.completions[0], completions[0]).map {
        DrawnText(text: $1.text, promptIDs: ids, drawn: $0)
      }
    }
    return texts
  }
}
