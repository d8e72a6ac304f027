/// The objective of GRPO and its relatives, composed of independent axes.
///
///     loss = Σ_t w_t·( L(r_t, Â_t) + β·KL_t )
///
/// ``ratioLevel`` says what r is, ``surrogate`` what L is, ``klPenalty`` what KL is, and
/// ``aggregation`` what w is. Clipped surrogate, plain k3 and sequence mean make eq. 3 of
/// DeepSeekMath (<https://arxiv.org/abs/2402.03300>).
///
/// Statistics, in this order: `kl` (where there is a penalty), `entropy` (where the batch has it),
/// the surrogate's own, `ratio_clamped_tokens`, and `kl_clamped_tokens` (where there is a
/// penalty). Means are over the step's unmasked tokens and 0 when there are none.
///
/// Edge cases: no completions, or none with an unmasked token, give loss 0 and no gradient. A
/// log-prob that is NaN gives a NaN loss.
public struct PolicyObjective: Objective, Equatable {
  public var ratioLevel: RatioLevel
  public var surrogate: Surrogate
  /// nil: no reference policy is needed.
  public var klPenalty: KLPenalty?
  public var aggregation: Aggregation

  public init(
    ratioLevel: RatioLevel = .token,
    surrogate: Surrogate = .clipped(ClippedSurrogate()),
    klPenalty: KLPenalty? = nil,
    aggregation: Aggregation = .sequenceMean
  ) {
    self.ratioLevel = ratioLevel
    self.surrogate = surrogate
    self.klPenalty = klPenalty
    self.aggregation = aggregation
  }

  /// - Precondition: the batch has reference log-probs where there is a KL penalty.
  public func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
    batch.checkShapes()
    let weights = aggregation.weights(completions: batch.completions, mask: batch.mask)
    let ratios = ratioLevel.ratios(of: batch)
    var loss = 0.0
    var dLogProb = [Double](repeating: 0, count: batch.tokenCount)
    var dLogRatio = dLogProb

    for t in batch.mask.indices where batch.mask[t] {
      let term = surrogate.term(
        ratio: ratios.values[t], logProb: batch.logProb[t], advantage: batch.advantage[t])
      loss += weights[t] * term.loss
      dLogProb[t] += weights[t] * term.dLogProb
      dLogRatio[t] += weights[t] * term.dLogRatio
    }

    var statistics: [(name: String, value: Double)] = []
    var klClamped: Int?
    if let klPenalty {
      let terms = klTerms(klPenalty, ratios: ratios.values, batch: batch)
      for t in batch.mask.indices {
        guard let term = terms[t] else { continue }
        let weight = weights[t] * klPenalty.coefficient
        loss += weight * term.value
        dLogProb[t] += weight * term.dLogProb
        dLogRatio[t] += weight * term.dLogRatio
      }
      statistics.append(("kl", batch.maskedMean { terms[$0]?.value ?? 0 }))
      klClamped = terms.count { $0?.isClamped == true }
    }
    ratioLevel.pullBack(dLogRatio, through: ratios, of: batch, into: &dLogProb)

    if let entropy = batch.entropy {
      statistics.append(("entropy", batch.maskedMean { entropy[$0] }))
    }
    statistics += surrogate.statistics(ratios: ratios.values, batch: batch)
    statistics.append(("ratio_clamped_tokens", Double(ratios.isClamped.count { $0 })))
    if let klClamped { statistics.append(("kl_clamped_tokens", Double(klClamped))) }
    return ObjectiveResult(loss: loss, dLogProb: dLogProb, statistics: statistics)
  }

  /// nil where the token is masked.
  private func klTerms(
    _ penalty: KLPenalty, ratios: [Double], batch: ObjectiveBatch
  ) -> [KLPenalty.Term?] {
    guard let reference = batch.referenceLogProb else {
      preconditionFailure("a KL penalty needs referenceLogProb")
    }
    return batch.mask.indices.map { t in
      batch.mask[t]
        ? penalty.term(
          logProb: batch.logProb[t], referenceLogProb: reference[t], ratio: ratios[t]) : nil
    }
  }
}
