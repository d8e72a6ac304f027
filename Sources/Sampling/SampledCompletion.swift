/// One completion as it was drawn.
public struct SampledCompletion: Sendable, Equatable {
  public var tokens: [Int] = []
  /// log p of each token under the distribution it was drawn from.
  public var logProbs: [Float] = []
  /// Entropy of that distribution, in nats.
  public var entropies: [Float] = []
  /// Per token the ids that could be drawn, ascending; nil where no filter was set.
  public var supports: [[Int32]]?
  /// False where the completion ran into the length limit.
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
