internal import PolicyOptimization

extension PolicyObjective {
  /// Declares the keys of what is minimized.
  mutating func declare(_ fields: Fields, maxCompletionTokens: Int) {
    var (surrogate, level, aggregation) = (surrogate, ratioLevel, aggregation)
    var (toReference, toOld, bonus) = (klPenalty, oldKLPenalty, entropyBonus)
    var (threshold, quantile) = (offPolicyMask?.threshold, entropyMask?.quantile ?? 1)
    fields.choose("surrogate", &surrogate, hints: false)
    fields(
      "importance_sampling_level", &level, .choice, when: surrogate.usesRatioLevel,
      else: "has no effect with surrogate \(surrogate.name), which leaves it no choice")
    fields.choose("aggregation", &aggregation)
    if aggregation.hasLength { aggregation = .constantLength(maxCompletionTokens) }
    toReference.declareReference(fields)
    toOld.declareOld(fields)
    bonus.declare(fields)
    fields("off_policy_mask_threshold", &threshold, .number(above: 0, through: 1000))
    fields("top_entropy_quantile", &quantile, .number(above: 0, through: 1))
    self = PolicyObjective(
      ratioLevel: surrogate.usesRatioLevel ? level : .token, surrogate: surrogate,
      klPenalty: toReference, oldKLPenalty: toOld, aggregation: aggregation, entropyBonus: bonus,
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

extension EntropyBonus? {
  /// Declares the keys of the bonus, whose coefficient is by default none, or with
  /// `use_adaptive_entropy` the least.
  fileprivate mutating func declare(_ fields: Fields) {
    var coefficient = self?.coefficient ?? 0
    var (adapts, adaptive) = (false, AdaptiveEntropy())
    if case .adaptive(let rule)? = self?.control { (adapts, adaptive) = (true, rule) }
    fields("entropy_coef", &coefficient, .number(0...100))
    fields("use_adaptive_entropy", &adapts, .flag)
    fields.group(when: adapts, else: "has no effect without use_adaptive_entropy") {
      fields("entropy_target", &adaptive.target, .number(0...100))
      fields("entropy_coef_delta", &adaptive.delta, .number(above: 0, through: 100))
      fields("entropy_coef_min", &adaptive.minimum, .number(0...100))
      fields("entropy_coef_max", &adaptive.maximum, .number(0...100))
    }
    guard adapts else {
      self = coefficient > 0 ? EntropyBonus(coefficient: coefficient) : nil
      return
    }
    guard adaptive.minimum <= adaptive.maximum else {
      return fields.fail(
        "entropy_coef_max",
        "is below entropy_coef_min (got \(adaptive.maximum); need \(adaptive.minimum) or more)")
    }
    if !fields.has("entropy_coef") { coefficient = max(coefficient, adaptive.minimum) }
    guard (adaptive.minimum...adaptive.maximum).contains(coefficient) else {
      return fields.fail(
        "entropy_coef",
        "is outside its bounds (got \(coefficient); need entropy_coef_min \(adaptive.minimum) to "
          + "entropy_coef_max \(adaptive.maximum))")
    }
    self = EntropyBonus(coefficient: coefficient, control: .adaptive(adaptive))
  }
}
