internal import Formats

/// The policy term: how a ratio and an advantage make a loss.
///
/// Every case is a loss to minimize. ``policyGradient``, ``gmpo(_:)`` and ``vespo(_:)`` leave
/// ``RatioLevel`` no choice: the first has no ratio, the others define their own.
public enum Surrogate: Sendable, Equatable {
  /// The policy gradient: L = −Â·log π_θ.
  ///
  /// Williams 1992 (REINFORCE). Right only at the first update after sampling: it does not know
  /// which policy drew the completions.
  case policyGradient
  /// The importance-weighted advantage, unclipped: L = −r·Â.
  ///
  /// Schulman et al. 2015 (TRPO), eq. 14 (<https://arxiv.org/abs/1502.05477>). At r = 1 it has the
  /// policy gradient.
  case ratio
  /// PPO's clipped surrogate, with the bounds that GRPO and its variants add.
  case clipped(ClippedSurrogate)
  /// CISPO: the policy gradient, weighted by a bounded ratio.
  case cispo(CISPO)
  /// SAPO: a sigmoid gate in place of the clip.
  case sapo(SAPO)
  /// GMPO: one ratio per completion, of token ratios each clipped.
  case gmpo(GMPO)
  /// VESPO: the policy gradient, weighted by a smooth kernel of the completion's ratio.
  case vespo(VESPO)

  /// One token's loss and its derivatives; the ratio's own derivative is ``RatioLevel``'s matter.
  public struct Term: Sendable, Equatable {
    /// L of the token, to be minimized.
    public var loss: Double
    /// ∂loss/∂log-ratio.
    public var dLogRatio: Double
    /// ∂loss/∂logProb at a constant ratio.
    public var dLogProb: Double
    /// Whether a bound is active: one that takes the gradient away, or one that the weight has
    /// reached.
    public var isBounded: Bool

    /// Creates a token's term; a derivative that is not given is 0.
    public init(
      loss: Double, dLogRatio: Double = 0, dLogProb: Double = 0, isBounded: Bool = false
    ) {
      (self.loss, self.dLogRatio, self.dLogProb) = (loss, dLogRatio, dLogProb)
      self.isBounded = isBounded
    }
  }

  /// Whether ``RatioLevel`` decides what the ratio is.
  public var usesRatioLevel: Bool {
    switch self {
    case .ratio, .clipped, .cispo, .sapo: true
    case .policyGradient, .gmpo, .vespo: false
    }
  }

  func ratios(level: RatioLevel, batch: ObjectiveBatch) -> Ratios {
    switch self {
    case .gmpo(let surrogate): surrogate.ratios(of: batch)
    case .policyGradient, .ratio, .clipped, .cispo, .sapo, .vespo: level.ratios(of: batch)
    }
  }

  /// The terms of a batch's tokens; nil where masked.
  func terms(ratios: Ratios, batch: ObjectiveBatch) -> [Term?] {
    func terms(_ term: (_ token: Int, _ ratio: Double, _ advantage: Double) -> Term) -> [Term?] {
      batch.mask.indices.map { t in
        batch.mask[t] ? term(t, ratios.values[t], batch.advantage[t]) : nil
      }
    }
    switch self {
    case .policyGradient:
      return terms { Self.weighted(by: $2, logProb: batch.logProb[$0]) }
    case .ratio:
      return terms { Self.plain($1, $2) }
    case .clipped(let surrogate):
      return terms { surrogate(ratio: $1, advantage: $2) }
    case .cispo(let surrogate):
      return terms { surrogate(ratio: $1, logProb: batch.logProb[$0], advantage: $2) }
    case .sapo(let surrogate):
      return terms { surrogate(ratio: $1, advantage: $2) }
    case .gmpo(let surrogate):
      return terms { t, ratio, advantage in
        var term = Self.plain(ratio, advantage)
        term.isBounded = surrogate.side(of: t, in: batch) != nil
        return term
      }
    case .vespo(let surrogate):
      let weights = surrogate.weights(of: batch)
      return terms { Self.weighted(by: weights[$0] * $2, logProb: batch.logProb[$0]) }
    }
  }

  /// On what held the policy back.
  func metrics(ratios: Ratios, batch: ObjectiveBatch) -> [Metric] {
    switch self {
    case .clipped(let surrogate): surrogate.metrics(ratios: ratios, batch: batch)
    case .cispo(let surrogate): surrogate.metrics(ratios: ratios, batch: batch)
    case .gmpo(let surrogate): surrogate.metrics(batch: batch)
    case .vespo(let surrogate): surrogate.metrics(batch: batch)
    case .policyGradient, .ratio, .sapo: []
    }
  }

  private static func plain(_ ratio: Double, _ advantage: Double) -> Term {
    Term(loss: -ratio * advantage, dLogRatio: -ratio * advantage)
  }

  private static func weighted(by weight: Double, logProb: Double) -> Term {
    Term(loss: -weight * logProb, dLogProb: -weight)
  }
}
