/// The objective of GRPO and its relatives, composed of independent axes.
///
///     loss = Σ_t w_t·( M_t·L(r_t, Â_t) + β·KL_t + β_old·KL_old,t ) − c·H
///
/// ``ratioLevel`` says what r is, ``surrogate`` what L is, ``klPenalty`` and ``oldKLPenalty`` what the
/// divergences are, ``aggregation`` what w is; M is the product of ``offPolicyMask`` and
/// ``entropyMask``, and ``entropyBonus`` adds the last term. Clipped surrogate, plain k3 and
/// sequence mean make eq. 3 of DeepSeekMath (<https://arxiv.org/abs/2402.03300>).
///
/// Edge cases: no completions, or none with an unmasked token, give loss 0 and no gradient. A
/// log-prob that is NaN gives a NaN loss.
public struct PolicyObjective: Objective, Equatable {
  public let ratioLevel: RatioLevel
  public let surrogate: Surrogate
  /// To or from the reference policy; nil: none is needed.
  public private(set) var klPenalty: KLPenalty?
  /// To or from the behaviour policy, which drew the completions; nil for none.
  public private(set) var oldKLPenalty: KLPenalty?
  public let aggregation: Aggregation
  public private(set) var entropyBonus: EntropyBonus?
  public let offPolicyMask: OffPolicySequenceMask?
  public let entropyMask: HighEntropyMask?

  /// - Precondition: each KL penalty is to the policy its name says, and the ratio level is
  ///   ``RatioLevel/token`` where the surrogate leaves it no choice.
  public init(
    ratioLevel: RatioLevel = .token,
    surrogate: Surrogate = .clipped(ClippedSurrogate()),
    klPenalty: KLPenalty? = nil,
    oldKLPenalty: KLPenalty? = nil,
    aggregation: Aggregation = .sequenceMean,
    entropyBonus: EntropyBonus? = nil,
    offPolicyMask: OffPolicySequenceMask? = nil,
    entropyMask: HighEntropyMask? = nil
  ) {
    precondition(klPenalty?.divergence.isToReference ?? true, "klPenalty is to the reference")
    precondition(oldKLPenalty?.divergence.isToReference != true, "oldKLPenalty is to π_old")
    precondition(ratioLevel == .token || surrogate.usesRatioLevel, "the level has no effect")
    self.ratioLevel = ratioLevel
    self.surrogate = surrogate
    self.klPenalty = klPenalty
    self.oldKLPenalty = oldKLPenalty
    self.aggregation = aggregation
    self.entropyBonus = entropyBonus
    self.offPolicyMask = offPolicyMask
    self.entropyMask = entropyMask
  }

  /// Whether the batch must have `referenceLogProb`.
  public var needsReferenceLogProb: Bool {
    klPenalty.map { $0.estimator != .exact } ?? false
  }

  /// Whether the batch must have `entropy`, and the result has `dEntropy`.
  public var needsEntropyGradient: Bool { entropyBonus != nil }

  /// What the batch's `klOld` must be; nil when it is not read.
  public var exactOld: KLDivergence? {
    oldKLPenalty.flatMap { $0.estimator == .exact ? $0.divergence : nil }
  }

  /// What the batch's `klReference` must be; nil when it is not read.
  public var exactReference: KLDivergence? {
    klPenalty.flatMap { $0.estimator == .exact ? $0.divergence : nil }
  }

  /// β, β_old, then coefficient and activity of the entropy bonus: those that adapt.
  public var adaptiveState: [Double] {
    get {
      (klPenalty?.state ?? []) + (oldKLPenalty?.state ?? []) + (entropyBonus?.state ?? [])
    }
    set {
      precondition(newValue.count == adaptiveState.count)
      let first = klPenalty?.state.count ?? 0
      let second = first + (oldKLPenalty?.state.count ?? 0)
      klPenalty?.state = Array(newValue[..<first])
      oldKLPenalty?.state = Array(newValue[first..<second])
      entropyBonus?.state = Array(newValue[second...])
    }
  }

  /// - Precondition: what an adaptive coefficient follows is in the measurement.
  public mutating func adapt(to measurement: RolloutMeasurement) {
    if let klPenalty, klPenalty.controller != .fixed {
      guard let kl = measurement.klReference else { preconditionFailure("klReference") }
      self.klPenalty?.adapt(kl: kl, completions: measurement.completions)
    }
    if let oldKLPenalty, oldKLPenalty.controller != .fixed {
      guard let kl = measurement.klOld else { preconditionFailure("klOld") }
      self.oldKLPenalty?.adapt(kl: kl, completions: measurement.completions)
    }
    if let entropyBonus, entropyBonus.control != .fixed {
      guard let entropy = measurement.entropy else { preconditionFailure("entropy") }
      self.entropyBonus?.adapt(entropy: entropy)
    }
  }
}
