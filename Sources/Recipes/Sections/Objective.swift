internal import PolicyOptimization

extension PolicyObjective {
  /// Declares the keys of what is minimized.
  mutating func declare(_ fields: Fields, maxCompletionTokens: Int) {
    var (surrogate, level, aggregation) = (surrogate, ratioLevel, aggregation)
    var (toReference, toOld) = (klPenalty, oldKLPenalty)
    var entropy = entropyBonus?.coefficient ?? 0
    var (threshold, quantile) = (offPolicyMask?.threshold, entropyMask?.quantile ?? 1)
    fields.choose(
      "surrogate", &surrogate,
      "The loss of a token, from its ratio r and advantage A: `policy-gradient`, −A·log π; "
        + "`ratio`, −r·A; `clip`, PPO's clipped ratio; `cispo`, `sapo`, `gmpo` and `vespo` as in "
        + "their papers.", hints: false)
    fields(
      "importance_sampling_level", &level, .choice,
      "What a ratio is of: each `token`; the whole completion as the geometric mean of its tokens' "
        + "ratios (`sequence`) or as their product (`sequence-product`).",
      when: .key("surrogate", surrogate) { $0.usesRatioLevel },
      because: "which fixes the ratio level")
    fields.choose(
      "aggregation", &aggregation,
      "How token losses become one: `sequence-mean`, the mean of each completion, then of the "
        + "completions; `token-mean`, the mean over all tokens; `constant-length`, the sum over "
        + "max_completion_length, then the mean; `sequence-sum`, the sum of each completion, then "
        + "the mean; `sum`.", also: ["loss_type"])
    if aggregation.hasLength { aggregation = .constantLength(maxCompletionTokens) }
    toReference.declareReference(fields)
    toOld.declareOld(fields)
    fields(
      "entropy_coef", &entropy, .number(0...100),
      "The weight of an entropy bonus in the loss.")
    fields(
      "off_policy_mask_threshold", &threshold, .number(above: 0, through: 1000),
      "Leaves out of the policy loss the completions with a negative advantage whose mean of "
        + "log π_old − log π is above this. KL penalties and the entropy bonus keep them.",
      default: "none is masked")
    fields(
      "top_entropy_quantile", &quantile, .number(above: 0, through: 1),
      "Only this share of the tokens, those of the highest entropy, has a policy loss.")
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
      fields, "beta", atMost: 100, "kl_", among: [.policyToReference, .referenceToPolicy],
      "The weight of the KL penalty to the reference policy in the loss. 0 needs no reference "
        + "policy.",
      "The divergence: `policy-to-reference`, KL(π‖π_ref), or `reference-to-policy`, KL(π_ref‖π).")
  }

  /// Declares `old_kl_coef` and the `old_kl_` keys.
  mutating func declareOld(_ fields: Fields) {
    declare(
      fields, "old_kl_coef", atMost: 1e6, "old_kl_", among: [.oldToPolicy, .policyToOld],
      "The weight of the KL penalty to the policy that sampled the completions.",
      "The divergence: `old-to-policy`, KL(π_old‖π), or `policy-to-old`, KL(π‖π_old).")
  }

  /// There is no penalty with a coefficient of 0.
  private mutating func declare(
    _ fields: Fields, _ key: String, atMost: Double, _ prefix: String,
    among divergences: [KLDivergence], _ meaning: String, _ directions: String
  ) {
    var (coefficient, controller) = (self?.coefficient ?? 0, self?.controller ?? .fixed)
    var (divergence, estimator) = (self?.divergence ?? divergences[0], self?.estimator ?? .k3)
    var weighting = self?.weighting ?? .plain
    fields(key, &coefficient, .number(0...atMost), meaning)
    fields.group(when: .key(key, coefficient, above: 0)) {
      fields(prefix + "direction", &divergence, .choice(among: divergences), directions)
      fields(
        prefix + "estimator", &estimator, .choice,
        "How a token's divergence is computed: Schulman's `k1`, `k2` or `k3` from the sampled token, "
          + "or `exact`, summed over the vocabulary.")
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
    fields.group(when: .key("kl_estimator", estimator, isNot: .exact)) {
      fields(
        "use_bias_correction_kl", &byRatio, .flag,
        "Weights each token's KL by its ratio, which makes the gradient of k3 unbiased. TRL 1.16 "
          + "does so by default.")
      fields(
        "kl_straight_through", &straight, .flag,
        "Logs the chosen estimator and takes the gradient of k2, which is unbiased on-policy.",
        when: .key("kl_direction", divergence, is: .policyToReference)
          && .key("use_bias_correction_kl", byRatio, is: false))
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
    fields(
      prefix + "controller", &rule, .choice,
      "How the penalty's weight changes: `fixed`; `adaptive`, PPO's, doubled above 1.5 times the "
        + "target and halved below it divided by 1.5; `ziegler`, in proportion to the error.")
    fields(
      prefix + "target", &target, .number(above: 0, through: 1000),
      "The KL divergence that the controller aims at, in nats per token.",
      when: .key(prefix + "controller", rule, isNot: .fixed))
    fields(
      prefix + "horizon", &horizon, .number(above: 0, through: 1e12),
      "The completions over which the weight follows the error.", also: ["horizon"],
      when: .key(prefix + "controller", rule, is: .ziegler))
    self =
      switch rule {
      case .fixed: .fixed
      case .adaptive: .adaptive(AdaptiveKL(target: target))
      case .ziegler: .ziegler(target: target, horizon: horizon)
      }
  }
}
