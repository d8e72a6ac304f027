/// The tokens of one completion as they are drawn.
///
///     let policy = try Policy(directory: "runs/quickstart/model")
///     let options = SamplingOptions(maximumTokens: 64, eosIDs: policy.eosIDs)
///     for try await token in policy.stream("12+34=", options: options) {
///       FileHandle.standardOutput.write(Data(token.text.utf8))
///     }
///
/// On a terminal, `print` without a line feed would hold tokens back until the line ends.
///
/// The texts, joined, are the text that ``TextSampler`` gives for the same seed, row and sample.
/// Text that later tokens may still change waits for them: a character whose bytes are not all
/// there, and what may be the beginning of a stop text.
///
/// A token is drawn when it is asked for. Every iteration computes in memory of its own and draws the
/// same tokens again, so that streams of one policy may run at the same time; an iteration that is
/// given up leaves nothing behind, and in a task that is cancelled the next token is a
/// `CancellationError`.
public struct TokenStream: AsyncSequence, Sendable {
  /// One drawn token.
  public struct Token: Sendable, Equatable {
    /// The token's id.
    public var id: Int
    /// log p of the token, in nats, under the distribution it was drawn from.
    public var logProb: Float
    /// The text that becomes certain with this token; the last token has all the rest.
    public var text: String
  }

  fileprivate let policy: Policy
  fileprivate let prompt: String
  fileprivate let options: SamplingOptions
  fileprivate let stop: [String]
  fileprivate let key: (seed: UInt64, row: Int, sample: Int)
  fileprivate let threads: Int

  /// A new iteration, which draws the same tokens again.
  public func makeAsyncIterator() -> Iterator { Iterator(self) }

  /// Draws a token each time it is asked for one.
  public struct Iterator: AsyncIteratorProtocol {
    private let stream: TokenStream
    private var begun: (sampler: TextSampler, decoding: Decoding)?
    /// Bytes of the text that were handed on.
    private var streamed = 0
    /// Whether the last token, or an error, was handed on.
    private var hasEnded = false

    fileprivate init(_ stream: TokenStream) { self.stream = stream }

    /// Draws the next token; nil after the last.
    ///
    /// - Throws: `PromptError`, `SamplingError` for logits that are not finite,
    ///   `CancellationError`.
    public mutating func next() async throws -> Token? {
      if hasEnded { return nil }
      // Reset once there is a token; an error ends the stream.
      hasEnded = true
      try Task.checkCancellation()
      var (sampler, decoding) = try begun ?? stream.begin()
      try decoding.advance(sampler.endRule)
      let drawn = decoding.completions[0][0]
      let text =
        try decoding.isFinished
        ? sampler.text(of: drawn.tokens) : sampler.certainText(of: drawn.tokens)
      let token = Token(
        id: drawn.tokens[drawn.tokens.count - 1], logProb: drawn.logProbs[drawn.tokens.count - 1],
        text: String(decoding: text.utf8.dropFirst(streamed), as: UTF8.self))
      streamed = text.utf8.count
      (begun, hasEnded) = ((sampler, decoding), decoding.isFinished)
      return token
    }
  }

  fileprivate func begin() throws(PromptError) -> (TextSampler, Decoding) {
    let sampler = TextSampler(policy, options: options, stop: stop, threads: threads)
    return (
      sampler,
      try sampler.decoding(prompt, seed: key.seed, row: key.row, sample: key.sample)
    )
  }
}

extension Policy {
  /// Draws a completion of a prompt token by token; no template is applied to the prompt.
  ///
  /// - Parameters:
  ///   - options: How tokens are chosen, and how many at most.
  ///   - stop: Texts that end it.
  ///   - seed: The same seed, row and sample number give the same completion.
  ///   - row: Tells apart prompts that are drawn under one seed.
  ///   - sample: Tells apart completions of one prompt.
  ///   - threads: How many threads compute; results do not depend on it.
  public func stream(
    _ prompt: String, options: SamplingOptions, stop: [String] = [], seed: UInt64 = 0,
    row: Int = 0, sample: Int = 0, threads: Int = 1
  ) -> TokenStream {
    TokenStream(
      policy: self, prompt: prompt, options: options, stop: stop, key: (seed, row, sample),
      threads: threads)
  }
}
