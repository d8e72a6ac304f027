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

extension PolicyObjective {
  /// The loss of a step, its derivatives, and its statistics.
  ///
  /// Statistics, in this order, each where its part of the objective is there: `kl`, `kl_old`,
  /// `entropy` (where the batch has it), `policy_loss` (the loss before the entropy bonus) and
  /// `entropy_coef`, `kl_coef`, `kl_old_coef` (where they adapt), the surrogate's own,
  /// `off_policy_masked_tokens`, `entropy_masked_tokens`, `ratio_clamped_tokens`,
  /// `kl_clamped_tokens`, `kl_old_clamped_tokens`. Means are over the step's unmasked tokens and
  /// 0 when there are none; no statistic but the last five sees the masks M.
  ///
  /// - Precondition: the batch has what the objective's parts need.
  public func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
    batch.checkShapes()
    let weights = aggregation.weights(completions: batch.completions, mask: batch.mask)
    let ratios = surrogate.ratios(level: ratioLevel, batch: batch)
    // A penalty is weighted by what the token's importance is, not by a surrogate's invention.
    let importance = surrogate.usesRatioLevel ? ratios : RatioLevel.token.ratios(of: batch)
    let policy = surrogate(ratios: ratios, batch: batch)
    let offPolicy = offPolicyMask?.keeps(batch)
    let highEntropy = entropyMask?.keeps(batch)
    var result = ObjectiveResult(
      loss: 0, dLogProb: [Double](repeating: 0, count: batch.tokenCount))
    var dLogRatio = result.dLogProb

    for t in batch.mask.indices {
      guard let term = policy.terms[t], offPolicy?[t] ?? true, highEntropy?[t] ?? true
      else { continue }
      result.loss += weights[t] * term.loss
      result.dLogProb[t] += weights[t] * term.dLogProb
      dLogRatio[t] += weights[t] * term.dLogRatio
    }
    ratios.pullBack(dLogRatio, of: batch, into: &result.dLogProb)
    let reference = klPenalty.map {
      add($0, weights: weights, ratios: importance, of: batch, to: &result)
    }
    let old = oldKLPenalty.map {
      add($0, weights: weights, ratios: importance, of: batch, to: &result)
    }

    if let reference { result.statistics.append(("kl", reference.mean)) }
    if let old { result.statistics.append(("kl_old", old.mean)) }
    addEntropy(of: batch, to: &result)
    if let klPenalty, klPenalty.controller != .fixed {
      result.statistics.append(("kl_coef", klPenalty.coefficient))
    }
    if let oldKLPenalty, oldKLPenalty.controller != .fixed {
      result.statistics.append(("kl_old_coef", oldKLPenalty.coefficient))
    }
    result.statistics += policy.statistics
    func count(_ name: String, _ tokens: Int?) {
      if let tokens { result.statistics.append((name, Double(tokens))) }
    }
    count("off_policy_masked_tokens", offPolicy?.count { !$0 })
    count("entropy_masked_tokens", highEntropy?.count { !$0 })
    count("ratio_clamped_tokens", ratios.isClamped.count { $0 })
    count("kl_clamped_tokens", reference?.clamped)
    count("kl_old_clamped_tokens", old?.clamped)
    return result
  }

  /// The tokens that the policy term is a sum over: those that no mask leaves out.
  ///
  /// Shape: [T].
  package func tokensOfPolicyTerm(_ batch: ObjectiveBatch) -> [Bool] {
    let (offPolicy, highEntropy) = (offPolicyMask?.keeps(batch), entropyMask?.keeps(batch))
    return batch.mask.indices.map {
      batch.mask[$0] && offPolicy?[$0] ?? true && highEntropy?[$0] ?? true
    }
  }

  /// Adds one penalty; answers with its mean over unmasked tokens and how many were cut.
  private func add(
    _ penalty: KLPenalty, weights: [Double], ratios: Ratios, of batch: ObjectiveBatch,
    to result: inout ObjectiveResult
  ) -> (mean: Double, clamped: Int) {
    let terms = penalty.terms(ratios: ratios.values, batch: batch)
    var dLogRatio = [Double](repeating: 0, count: batch.tokenCount)
    var dExact = dLogRatio
    for t in batch.mask.indices {
      guard let term = terms[t] else { continue }
      let weight = weights[t] * penalty.coefficient
      result.loss += weight * term.value
      result.dLogProb[t] += weight * term.dLogProb
      dLogRatio[t] += weight * term.dLogRatio
      dExact[t] = weight * term.dExact
    }
    ratios.pullBack(dLogRatio, of: batch, into: &result.dLogProb)
    if penalty.estimator == .exact {
      if penalty.divergence.isToReference {
        result.dKLReference = dExact
      } else {
        result.dKLOld = dExact
      }
    }
    return (batch.maskedMean { terms[$0]?.value ?? 0 }, terms.count { $0?.isClamped == true })
  }

  private func addEntropy(of batch: ObjectiveBatch, to result: inout ObjectiveResult) {
    guard let entropy = batch.entropy else {
      precondition(entropyBonus == nil, "an entropy bonus needs entropy")
      return
    }
    let mean = batch.maskedMean { entropy[$0] }
    result.statistics.append(("entropy", mean))
    guard let entropyBonus else { return }
    let coefficient = entropyBonus.appliedCoefficient
    let tokens = Double(max(1, batch.mask.count { $0 }))
    result.statistics.append(("policy_loss", result.loss))
    result.statistics.append(("entropy_coef", coefficient))
    result.loss -= coefficient * mean
    result.dEntropy = batch.mask.map { $0 ? -coefficient / tokens : 0 }
  }
}
