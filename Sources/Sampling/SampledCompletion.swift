/// One completion as it was drawn.
public struct SampledCompletion: Sendable, Equatable {
  /// The drawn ids, the end-of-sequence id included.
  public var tokens: [Int] = []
  /// log p of each token, in nats, under the distribution it was drawn from.
  ///
  /// Shape: [tokens].
  public var logProbs: [Float] = []
  /// Entropy of the distribution that each token was drawn from, in nats.
  ///
  /// Shape: [tokens].
  public var entropies: [Float] = []
  /// For each token the ids that could be drawn, in ascending order; nil where no filter was set.
  public var supports: [[Int32]]?
  /// Whether an end-of-sequence id or a stop text ended it; false where it reached the length limit.
  public var stopped = false

  package init(
    tokens: [Int] = [], logProbs: [Float] = [], entropies: [Float] = [],
    supports: [[Int32]]? = nil
  ) {
    (self.tokens, self.logProbs, self.entropies) = (tokens, logProbs, entropies)
    self.supports = supports
  }

  mutating func append(_ draw: TokenDraw) {
    tokens.append(draw.token)
    logProbs.append(draw.logProb)
    entropies.append(draw.entropy)
    if let support = draw.support { supports?.append(support) }
  }
}
