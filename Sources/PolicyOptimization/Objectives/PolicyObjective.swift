public import Formats

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
  /// What one importance ratio belongs to: a token, or a whole completion.
  public package(set) var ratioLevel: RatioLevel
  /// How a ratio and an advantage make a token's loss.
  public package(set) var surrogate: Surrogate
  /// The penalty to or from the reference policy; nil where no reference is needed.
  public package(set) var klPenalty: KLPenalty?
  /// The penalty to or from π_old, which drew the completions; nil for none.
  public package(set) var oldKLPenalty: KLPenalty?
  /// How the losses of tokens become the loss of a step.
  public package(set) var aggregation: Aggregation
  /// The reward for entropy, −c·H in the loss; nil for none.
  public package(set) var entropyBonus: EntropyBonus?
  /// The mask of bad completions that the policy no longer writes; nil for none.
  public package(set) var offPolicyMask: OffPolicySequenceMask?
  /// The mask that keeps the tokens of high entropy; nil for none.
  public package(set) var entropyMask: HighEntropyMask?

  /// Creates an objective; by default a clipped surrogate, averaged by completion, without
  /// penalties.
  ///
  /// - Precondition: each KL penalty is to the policy its name says, and the ratio level is
  ///   ``RatioLevel/token`` where the surrogate leaves it no choice.
  public init(
    ratioLevel: RatioLevel = .token, surrogate: Surrogate = .clipped(ClippedSurrogate()),
    klPenalty: KLPenalty? = nil, oldKLPenalty: KLPenalty? = nil,
    aggregation: Aggregation = .sequenceMean, entropyBonus: EntropyBonus? = nil,
    offPolicyMask: OffPolicySequenceMask? = nil, entropyMask: HighEntropyMask? = nil
  ) {
    precondition(klPenalty?.divergence.isToReference ?? true, "klPenalty is to the reference")
    precondition(oldKLPenalty?.divergence.isToReference != true, "oldKLPenalty is to π_old")
    precondition(ratioLevel == .token || surrogate.usesRatioLevel, "the level has no effect")
    (self.ratioLevel, self.surrogate, self.klPenalty) = (ratioLevel, surrogate, klPenalty)
    (self.oldKLPenalty, self.aggregation) = (oldKLPenalty, aggregation)
    (self.entropyBonus, self.offPolicyMask) = (entropyBonus, offPolicyMask)
    self.entropyMask = entropyMask
  }

  /// What the KL penalties read: reference log-probs or exact divergences.
  public var needs: Set<ObjectiveNeed> {
    Set([klPenalty?.need, oldKLPenalty?.need].compactMap(\.self))
  }

  /// `kl_coef` and `kl_old_coef`, β and β_old: those that adapt.
  public var adaptiveState: [String: Double] {
    get {
      var state: [String: Double] = [:]
      state["kl_coef"] = klPenalty?.adaptiveCoefficient
      state["kl_old_coef"] = oldKLPenalty?.adaptiveCoefficient
      return state
    }
    set {
      precondition(newValue.keys == adaptiveState.keys)
      klPenalty?.adaptiveCoefficient = newValue["kl_coef"]
      oldKLPenalty?.adaptiveCoefficient = newValue["kl_old_coef"]
    }
  }

  /// Adapts the β of each penalty that has a controller.
  ///
  /// - Precondition: each divergence that an adaptive β follows was measured.
  public mutating func adapt(to measurement: PolicyMeasurement, completions: Int) {
    klPenalty?.adapt(kl: measurement.klReference, completions: completions)
    oldKLPenalty?.adapt(kl: measurement.klOld, completions: completions)
  }
}

extension PolicyObjective {
  /// What the parts of the objective say of a batch, token by token.
  private struct Parts {
    let ratios: Ratios
    /// What a penalty is weighted by: the token's importance, not a surrogate's invention.
    let importance: Ratios
    /// The terms L; nil where the token is masked.
    let policy: [Surrogate.Term?]
    let offPolicy: [Bool]?
    let highEntropy: [Bool]?
    /// The terms of the penalties; nil where the token is masked.
    let reference: [KLPenalty.Term?]?
    let old: [KLPenalty.Term?]?

    init(_ objective: PolicyObjective, _ batch: ObjectiveBatch) {
      batch.checkShapes()
      let (surrogate, level) = (objective.surrogate, objective.ratioLevel)
      let ratios = surrogate.ratios(level: level, batch: batch)
      let importance = surrogate.usesRatioLevel ? ratios : RatioLevel.token.ratios(of: batch)
      (self.ratios, self.importance) = (ratios, importance)
      policy = surrogate.terms(ratios: ratios, batch: batch)
      offPolicy = objective.offPolicyMask?.keeps(batch)
      highEntropy = objective.entropyMask?.keeps(batch)
      reference = objective.klPenalty?.terms(ratios: importance.values, batch: batch)
      old = objective.oldKLPenalty?.terms(ratios: importance.values, batch: batch)
    }

    /// L where neither the mask nor M leaves the token out.
    func policyTerm(_ t: Int) -> Surrogate.Term? {
      offPolicy?[t] ?? true && highEntropy?[t] ?? true ? policy[t] : nil
    }
  }

  /// The surrogate's ratio and clipping, and the divergences, of each token.
  ///
  /// - Precondition: the batch has what ``needs`` says, and entropies where a part reads them.
  public func tokenTerms(of batch: ObjectiveBatch) -> TokenTerms {
    let parts = Parts(self, batch)
    let tokens = batch.mask.indices
    return TokenTerms(
      isInPolicyTerm: tokens.map { parts.policyTerm($0) != nil }, ratio: parts.ratios.values,
      sharesRatio: parts.ratios.isShared,
      isClipped: tokens.map { t in
        guard let term = parts.policyTerm(t) else { return false }
        return term.isBounded || term.dLogRatio != 0 && parts.ratios.isClamped[t]
      },
      klReference: parts.reference?.map { $0?.value ?? 0 },
      klOld: parts.old?.map { $0?.value ?? 0 })
  }

  /// The loss of a step, its derivatives, and its metrics.
  ///
  /// Metrics, in this order, each where its part of the objective is there: `kl`, `kl_old`,
  /// `entropy` (where the batch has it), `policy_loss` (the loss before the entropy bonus) and
  /// `entropy_coef`, `kl_coef`, `kl_old_coef` (where they adapt), the surrogate's own,
  /// `off_policy_masked_tokens`, `entropy_masked_tokens`, `ratio_clamped_tokens`,
  /// `kl_clamped_tokens`, `kl_old_clamped_tokens`. Means are over the step's unmasked tokens and
  /// 0 when there are none; no metric but the last five sees the masks M.
  ///
  /// - Precondition: the batch has what the objective's parts need.
  public func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
    let parts = Parts(self, batch)
    let weights = aggregation.weights(completions: batch.completions, mask: batch.mask)
    var result = ObjectiveResult(
      loss: 0, dLogProb: [Double](repeating: 0, count: batch.tokenCount))
    var dLogRatio = result.dLogProb
    for t in batch.mask.indices {
      guard let term = parts.policyTerm(t) else { continue }
      result.loss += weights[t] * term.loss
      result.dLogProb[t] += weights[t] * term.dLogProb
      dLogRatio[t] += weights[t] * term.dLogRatio
    }
    parts.ratios.pullBack(dLogRatio, of: batch, into: &result.dLogProb)
    if let klPenalty, let terms = parts.reference {
      add(klPenalty, terms, weights, parts.importance, of: batch, to: &result)
    }
    if let oldKLPenalty, let terms = parts.old {
      add(oldKLPenalty, terms, weights, parts.importance, of: batch, to: &result)
    }
    let policyLoss = result.loss
    addEntropy(of: batch, to: &result)
    result.metrics = metrics(of: batch, parts, result.measurement, policyLoss: policyLoss)
    return result
  }

  /// Adds one penalty to loss, derivatives and measurement.
  private func add(
    _ penalty: KLPenalty, _ terms: [KLPenalty.Term?], _ weights: [Double], _ ratios: Ratios,
    of batch: ObjectiveBatch, to result: inout ObjectiveResult
  ) {
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
    let mean = batch.maskedMean { terms[$0]?.value ?? 0 }
    let isExact = penalty.estimator == .exact
    if penalty.divergence.isToReference {
      result.measurement.klReference = mean
      if isExact { result.dKLReference = dExact }
    } else {
      result.measurement.klOld = mean
      if isExact { result.dKLOld = dExact }
    }
  }

  private func addEntropy(of batch: ObjectiveBatch, to result: inout ObjectiveResult) {
    guard let entropy = batch.entropy else {
      precondition(entropyBonus == nil, "an entropy bonus needs entropy")
      return
    }
    let mean = batch.maskedMean { entropy[$0] }
    result.measurement.entropy = mean
    guard let entropyBonus else { return }
    let coefficient = entropyBonus.coefficient
    let tokens = Double(max(1, batch.unmaskedTokenCount))
    result.loss -= coefficient * mean
    result.dEntropy = batch.mask.map { $0 ? -coefficient / tokens : 0 }
  }

  private func metrics(
    of batch: ObjectiveBatch, _ parts: Parts, _ measurement: PolicyMeasurement, policyLoss: Double
  ) -> [Metric] {
    var metrics = measurement.metrics
    func add(_ name: Metric.Name, _ value: Double?) {
      if let value { metrics.append(Metric(name, value)) }
    }
    func count<Element>(
      _ name: Metric.Name, _ column: [Element]?, _ isCounted: (Element) -> Bool
    ) {
      add(name, column.map { Double($0.count(where: isCounted)) })
    }
    if let entropyBonus {
      add(.policyLoss, policyLoss)
      add(.entropyCoefficient, entropyBonus.coefficient)
    }
    add(.klCoefficient, klPenalty?.adaptiveCoefficient)
    add(.oldKLCoefficient, oldKLPenalty?.adaptiveCoefficient)
    metrics += surrogate.metrics(ratios: parts.ratios, batch: batch)
    count(.offPolicyMaskedTokens, parts.offPolicy) { !$0 }
    count(.entropyMaskedTokens, parts.highEntropy) { !$0 }
    count(.ratioClampedTokens, parts.ratios.isClamped) { $0 }
    count(.klClampedTokens, parts.reference) { $0?.isClamped == true }
    count(.oldKLClampedTokens, parts.old) { $0?.isClamped == true }
    return metrics
  }
}

extension Metric.Name {
  /// The loss before the entropy bonus.
  public static let policyLoss = Metric.Name("policy_loss")
}
