internal import PolicyOptimization

extension PolicyObjective {
  /// Declares the keys of what is minimized.
  mutating func declare(_ fields: Fields, maxCompletionTokens: Int) {
    var (surrogate, level, aggregation) = (surrogate, ratioLevel, aggregation)
    var (toReference, toOld) = (klPenalty, oldKLPenalty)
    var entropy = entropyBonus?.coefficient ?? 0
    var (threshold, quantile) = (offPolicyMask?.threshold, entropyMask?.quantile ?? 1)
    fields.choose("surrogate", &surrogate, hints: false)
    fields(
      "importance_sampling_level", &level, .choice, when: surrogate.usesRatioLevel,
      else: "has no effect with surrogate \(surrogate.name), which leaves it no choice")
    fields.choose("aggregation", &aggregation)
    if aggregation.hasLength { aggregation = .constantLength(maxCompletionTokens) }
    toReference.declareReference(fields)
    toOld.declareOld(fields)
    fields("entropy_coef", &entropy, .number(0...100))
    fields("off_policy_mask_threshold", &threshold, .number(above: 0, through: 1000))
    fields("top_entropy_quantile", &quantile, .number(above: 0, through: 1))
    self = PolicyObjective(
      ratioLevel: surrogate.usesRatioLevel ? level : .token, surrogate: surrogate,
      klPenalty: toReference, oldKLPenalty: toOld, aggregation: aggregation,
      entropyBonus: entropy > 0 ? EntropyBonus(coefficient: entropy) : nil,
      offPolicyMask: threshold.map(OffPolicySequenceMask.init),
      entropyMask: quantile < 1 ? HighEntropyMask(quantile: quantile) : nil)
  }
}

/// In a recipe the constant length is `max_completion_length`.
extension Aggregation: Choice {
  static var all: [Aggregation] {
    [.sequenceMean, .tokenMean, .constantLength(1), .sequenceSum, .sum]
  }

  var name: String {
    switch self {
    case .sequenceMean: "sequence-mean"
    case .tokenMean: "token-mean"
    case .constantLength: "constant-length"
    case .sequenceSum: "sequence-sum"
    case .sum: "sum"
    }
  }

  mutating func declare(_ fields: Fields) {}

  fileprivate var hasLength: Bool { if case .constantLength = self { true } else { false } }
}
