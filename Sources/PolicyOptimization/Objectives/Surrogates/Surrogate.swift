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
  case clipped(ClippedSurrogate)
  case cispo(CISPO)
  case sapo(SAPO)
  case gmpo(GMPO)
  case vespo(VESPO)

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

  /// The terms of a batch's tokens, nil where masked, and figures on what held the policy back.
  func callAsFunction(
    ratios: Ratios, batch: ObjectiveBatch
  ) -> (terms: [Term?], statistics: [(name: String, value: Double)]) {
    func terms(_ term: (_ ratio: Double, _ logProb: Double, _ advantage: Double) -> Term) -> [Term?]
    {
      batch.mask.indices.map { t in
        batch.mask[t] ? term(ratios.values[t], batch.logProb[t], batch.advantage[t]) : nil
      }
    }
    switch self {
    case .policyGradient:
      return (terms { Term(loss: -$2 * $1, dLogProb: -$2) }, [])
    case .ratio:
      return (terms { ratio, _, advantage in Self.plain(ratio, advantage) }, [])
    case .clipped(let surrogate):
      return (
        terms { ratio, _, advantage in surrogate(ratio: ratio, advantage: advantage) },
        surrogate.statistics(ratios: ratios, batch: batch)
      )
    case .cispo(let surrogate):
      return (
        terms { surrogate(ratio: $0, logProb: $1, advantage: $2) },
        surrogate.statistics(ratios: ratios, batch: batch)
      )
    case .sapo(let surrogate):
      return (terms { ratio, _, advantage in surrogate(ratio: ratio, advantage: advantage) }, [])
    case .gmpo(let surrogate):
      return (
        terms { ratio, _, advantage in Self.plain(ratio, advantage) },
        surrogate.statistics(batch: batch)
      )
    case .vespo(let surrogate):
      let weights = surrogate.weights(of: batch)
      return (
        batch.mask.indices.map { t in
          let weight = weights[t] * batch.advantage[t]
          return batch.mask[t] ? Term(loss: -weight * batch.logProb[t], dLogProb: -weight) : nil
        }, surrogate.statistics(weights: weights, batch: batch)
      )
    }
  }

  private static func plain(_ ratio: Double, _ advantage: Double) -> Term {
    Term(loss: -ratio * advantage, dLogRatio: -ratio * advantage)
  }
}
