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

extension KLPenalty {
  /// The keys of the penalty on the divergence from the reference policy.
  static let referenceKeys = Fields.keys {
    var none: KLPenalty?
    none.declareReference($0)
  }

  /// The keys of the penalty on the divergence from the policy that drew.
  static let oldKeys = Fields.keys {
    var none: KLPenalty?
    none.declareOld($0)
  }

  /// Whether there is a gradient where both policies are the same: that of k1 is ±1 there.
  var pullsAtItsOwnPolicy: Bool { estimator == .k1 && weighting != .straightThrough }
}

extension KLPenalty? {
  /// Declares `beta` and the `kl_` keys.
  mutating func declareReference(_ fields: Fields) {
    declare(
      fields, "beta", atMost: 100, "kl_", among: [.policyToReference, .referenceToPolicy])
  }

  /// Declares `old_kl_coef` and the `old_kl_` keys.
  mutating func declareOld(_ fields: Fields) {
    declare(fields, "old_kl_coef", atMost: 1e6, "old_kl_", among: [.oldToPolicy, .policyToOld])
  }

  /// There is no penalty with a coefficient of 0.
  private mutating func declare(
    _ fields: Fields, _ key: String, atMost: Double, _ prefix: String,
    among divergences: [KLDivergence]
  ) {
    var (coefficient, controller) = (self?.coefficient ?? 0, self?.controller ?? .fixed)
    var (divergence, estimator) = (self?.divergence ?? divergences[0], self?.estimator ?? .k3)
    var weighting = self?.weighting ?? .plain
    fields(key, &coefficient, .number(0...atMost))
    fields.group(when: coefficient > 0, else: "has no effect with \(key) 0") {
      fields(prefix + "direction", &divergence, .choice(among: divergences))
      fields(prefix + "estimator", &estimator, .choice)
      if divergence.isToReference { weighting.declare(fields, divergence, estimator) }
      controller.declare(fields, prefix)
    }
    self =
      coefficient == 0
      ? nil
      : KLPenalty(
        coefficient: coefficient, divergence: divergence, estimator: estimator,
        weighting: weighting, controller: controller)
  }
}

extension KLPenalty.Weighting {
  fileprivate mutating func declare(
    _ fields: Fields, _ divergence: KLDivergence, _ estimator: KLEstimator
  ) {
    var (byRatio, straight) = (self == .ratio, self == .straightThrough)
    self = .plain
    fields.group(when: estimator != .exact, else: "has no effect with kl_estimator exact") {
      fields("use_bias_correction_kl", &byRatio, .flag)
      fields(
        "kl_straight_through", &straight, .flag,
        when: !byRatio && divergence == .policyToReference,
        else: "needs kl_direction policy-to-reference and no use_bias_correction_kl")
    }
    if estimator == .exact { return }
    if byRatio {
      self = .ratio
    } else if straight, divergence == .policyToReference {
      if estimator != .k2 { return self = .straightThrough }
      fields.failWithoutEffect(
        "kl_straight_through", "has no effect with kl_estimator k2, whose gradient it takes")
    }
  }
}

extension KLController {
  private enum Rule: String, CaseIterable { case fixed, adaptive, ziegler }

  fileprivate mutating func declare(_ fields: Fields, _ prefix: String) {
    var (rule, target, horizon) = (Rule.fixed, 0.01, 10000.0)
    switch self {
    case .fixed: break
    case .adaptive(let adaptive): (rule, target) = (.adaptive, adaptive.target)
    case .ziegler(let goal, let length): (rule, target, horizon) = (.ziegler, goal, length)
    }
    fields(prefix + "controller", &rule, .choice)
    let reason = "has no effect with \(prefix)controller \(rule.rawValue)"
    fields(
      prefix + "target", &target, .number(above: 0, through: 1000), when: rule != .fixed,
      else: reason)
    fields(
      prefix + "horizon", &horizon, .number(above: 0, through: 1e12), when: rule == .ziegler,
      else: reason)
    self =
      switch rule {
      case .fixed: .fixed
      case .adaptive: .adaptive(AdaptiveKL(target: target))
      case .ziegler: .ziegler(target: target, horizon: horizon)
      }
  }
}
