/// The policy term: how a ratio and an advantage make a loss.
public enum Surrogate: Sendable, Equatable {
  case clipped(ClippedSurrogate)

  /// One token's loss and its derivatives; the ratio's own derivative is ``RatioLevel``'s matter.
  public struct Term: Sendable, Equatable {
    public var loss: Double
    /// ∂loss/∂log-ratio.
    public var dLogRatio: Double
    /// ∂loss/∂logProb at a constant ratio.
    public var dLogProb: Double

    public init(loss: Double, dLogRatio: Double = 0, dLogProb: Double = 0) {
      self.loss = loss
      self.dLogRatio = dLogRatio
      self.dLogProb = dLogProb
    }
  }

  func term(ratio: Double, logProb: Double, advantage: Double) -> Term {
    switch self {
    case .clipped(let surrogate): surrogate(ratio: ratio, advantage: advantage)
    }
  }

  /// Figures on how often the surrogate held the policy back.
  func statistics(
    ratios: [Double], batch: ObjectiveBatch
  ) -> [(name: String, value: Double)] {
    switch self {
    case .clipped(let surrogate): surrogate.statistics(ratios: ratios, batch: batch)
    }
  }
}
