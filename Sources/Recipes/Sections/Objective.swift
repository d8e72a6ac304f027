public import PolicyOptimization

extension Recipe {
  /// The keys of what is minimized; ``PolicyObjective`` is what they make.
  public struct Objective: Sendable, Equatable {
    /// What one importance ratio belongs to: `importance_sampling_level`.
    public var ratioLevel = RatioLevel.token
    /// How a ratio and an advantage make a loss: `surrogate`, with the keys of each.
    public var surrogate = Surrogate.clipped(ClippedSurrogate())
    /// How the losses of tokens become one: `aggregation`.
    public var aggregation = Mean.sequenceMean
    /// The penalty on the divergence from the reference policy: `beta`, the `kl_` keys.
    public var referenceKL = Penalty(divergence: .policyToReference)
    /// The penalty on the divergence from the policy that drew the completions: `old_kl_coef`, the
    /// `old_kl_` keys.
    public var oldKL = Penalty(divergence: .oldToPolicy)
    /// Weight of the entropy, as a bonus, 0 to 100: `entropy_coef`.
    ///
    /// By default none, or with `use_adaptive_entropy` its `entropy_coef_min`.
    public var entropyCoefficient = 0.0
    /// What moves that weight: `use_adaptive_entropy`, with `entropy_target`, `entropy_coef_delta`,
    /// `entropy_coef_min` and `entropy_coef_max`.
    public var adaptiveEntropy: AdaptiveEntropy?
    /// Leaves out bad completions that the policy no longer writes, above 0:
    /// `off_policy_mask_threshold`.
    public var offPolicyThreshold: Double?
    /// The share of tokens, by entropy from above, that carry the policy term, above 0 and at most
    /// 1: `top_entropy_quantile`.
    public var topEntropyQuantile = 1.0

    public init() {}
  }

  /// How the losses of tokens become one: ``Aggregation``, whose constant length is
  /// `max_completion_length`.
  public enum Mean: String, Sendable, CaseIterable {
    case sequenceMean = "sequence-mean"
    case tokenMean = "token-mean"
    case constantLength = "constant-length"
    case sequenceSum = "sequence-sum"
    case sum
  }

  /// The keys of one KL penalty.
  public struct Penalty: Sendable, Equatable {
    /// β, 0 (none) to 100.
    public var coefficient = 0.0
    /// Which divergence, and in which direction.
    public var divergence: KLDivergence
    /// How it is found.
    public var estimator = KLEstimator.k3
    /// What an estimate is multiplied with, or whose gradient it has.
    public var weighting = KLPenalty.Weighting.plain
    /// Who decides about β.
    public var controller = KLController.fixed

    public init(divergence: KLDivergence) { self.divergence = divergence }

    var penalty: KLPenalty? {
      coefficient == 0
        ? nil
        : KLPenalty(
          coefficient: coefficient, divergence: divergence, estimator: estimator,
          weighting: weighting, controller: controller)
    }
  }
}

extension Recipe.Objective {
  /// The objective, for completions of at most `maxCompletionTokens`.
  public func policyObjective(maxCompletionTokens: Int) -> PolicyObjective {
    let aggregation: Aggregation =
      switch self.aggregation {
      case .sequenceMean: .sequenceMean
      case .tokenMean: .tokenMean
      case .constantLength: .constantLength(maxCompletionTokens)
      case .sequenceSum: .sequenceSum
      case .sum: .sum
      }
    let hasBonus = entropyCoefficient > 0 || adaptiveEntropy != nil
    return PolicyObjective(
      ratioLevel: ratioLevel, surrogate: surrogate, klPenalty: referenceKL.penalty,
      oldKLPenalty: oldKL.penalty, aggregation: aggregation,
      entropyBonus: hasBonus
        ? EntropyBonus(
          coefficient: entropyCoefficient,
          control: adaptiveEntropy.map(EntropyControl.adaptive) ?? .fixed) : nil,
      offPolicyMask: offPolicyThreshold.map(OffPolicySequenceMask.init(threshold:)),
      entropyMask: topEntropyQuantile < 1 ? HighEntropyMask(quantile: topEntropyQuantile) : nil)
  }

  mutating func declare(_ fields: RecipeFields) {
    surrogate.declare(fields)
    fields(
      "importance_sampling_level", &ratioLevel, .choice, when: surrogate.usesRatioLevel,
      else: "has no effect with surrogate \(surrogate.name), which leaves it no choice")
    if !surrogate.usesRatioLevel { ratioLevel = .token }
    fields("aggregation", &aggregation, .choice)
    referenceKL.declareReference(fields)
    oldKL.declareOld(fields)
    declareEntropy(fields)
    fields("off_policy_mask_threshold", &offPolicyThreshold, .number(above: 0, through: 1000))
    fields("top_entropy_quantile", &topEntropyQuantile, .number(above: 0, through: 1))
  }

  private mutating func declareEntropy(_ fields: RecipeFields) {
    fields("entropy_coef", &entropyCoefficient, .number(0...100))
    var adapts = adaptiveEntropy != nil
    var adaptive = adaptiveEntropy ?? AdaptiveEntropy()
    fields("use_adaptive_entropy", &adapts, .flag)
    let reason = "has no effect without use_adaptive_entropy"
    fields("entropy_target", &adaptive.target, .number(0...100), when: adapts, else: reason)
    fields(
      "entropy_coef_delta", &adaptive.delta, .number(above: 0, through: 100), when: adapts,
      else: reason)
    fields("entropy_coef_min", &adaptive.minimum, .number(0...100), when: adapts, else: reason)
    fields("entropy_coef_max", &adaptive.maximum, .number(0...100), when: adapts, else: reason)
    if adapts, adaptive.maximum < adaptive.minimum {
      fields.fail(
        "entropy_coef_max",
        "is below entropy_coef_min (got \(adaptive.maximum); need \(adaptive.minimum) or more)")
    } else if adapts, fields.isReading {
      if !fields.has("entropy_coef") {
        entropyCoefficient = max(entropyCoefficient, adaptive.minimum)
      }
      if !(adaptive.minimum...adaptive.maximum).contains(entropyCoefficient) {
        fields.fail(
          "entropy_coef",
          "is outside its bounds (got \(entropyCoefficient); need entropy_coef_min "
            + "\(adaptive.minimum) to entropy_coef_max \(adaptive.maximum))")
      }
    }
    adaptiveEntropy = adapts ? adaptive : nil
  }
}

extension Surrogate {
  fileprivate enum Kind: String, CaseIterable {
    case policyGradient = "policy-gradient"
    case ratio, clip, cispo, sapo, gmpo, vespo
  }

  private var kind: Kind {
    switch self {
    case .policyGradient: .policyGradient
    case .ratio: .ratio
    case .clipped: .clip
    case .cispo: .cispo
    case .sapo: .sapo
    case .gmpo: .gmpo
    case .vespo: .vespo
    }
  }

  /// The name in a recipe.
  var name: String { kind.rawValue }

  /// Keys that act only once the policy has moved away from the one that drew.
  var clipKeys: [String] {
    switch self {
    case .clipped: ["epsilon", "epsilon_high", "delta", "dual_clip"]
    case .gmpo: ["epsilon", "epsilon_high"]
    case .cispo: ["epsilon_high"]
    case .sapo: ["sapo_temperature_pos", "sapo_temperature_neg"]
    case .vespo: ["vespo_k_pos", "vespo_lambda_pos", "vespo_k_neg", "vespo_lambda_neg"]
    case .policyGradient, .ratio: []
    }
  }

  /// Declares the key that chooses, and those that have an effect with the choice.
  fileprivate mutating func declare(_ fields: RecipeFields) {
    let before = kind
    var kind = before
    fields("surrogate", &kind, .choice)
    if kind != before { self = kind.initial }
    var (clip, cispo, sapo, gmpo, vespo) = (
      ClippedSurrogate(), CISPO(), SAPO(), GMPO(), VESPO()
    )
    switch self {
    case .policyGradient, .ratio: break
    case .clipped(let value): clip = value
    case .cispo(let value): cispo = value
    case .sapo(let value): sapo = value
    case .gmpo(let value): gmpo = value
    case .vespo(let value): vespo = value
    }
    let reason = "has no effect with surrogate \(kind.rawValue)"
    if kind == .gmpo {
      fields("epsilon", &gmpo.epsilonLow, .number(above: 0, below: 1))
      if fields.isReading, fields.has("epsilon") { gmpo.epsilonHigh = gmpo.epsilonLow }
      fields("epsilon_high", &gmpo.epsilonHigh, .number(above: 0, through: 100))
    } else {
      fields(
        "epsilon", &clip.epsilonLow, .number(above: 0, below: 1), when: kind == .clip, else: reason)
      if fields.isReading, fields.has("epsilon") { clip.epsilonHigh = clip.epsilonLow }
      if kind == .cispo {
        fields("epsilon_high", &cispo.maximumRatio, .number(above: 0, through: 1e6))
      } else {
        fields(
          "epsilon_high", &clip.epsilonHigh, .number(above: 0, through: 100), when: kind == .clip,
          else: reason)
      }
    }
    fields("delta", &clip.delta, .number(above: 1, through: 1e6), when: kind == .clip, else: reason)
    fields(
      "dual_clip", &clip.dualClip, .number(above: 1, through: 1e6), when: kind == .clip,
      else: reason)
    let positive = RecipeFormat<Double>.number(above: 0, through: 1000)
    let (isSAPO, isVESPO) = (kind == .sapo, kind == .vespo)
    fields("sapo_temperature_pos", &sapo.positiveTemperature, positive, when: isSAPO, else: reason)
    fields("sapo_temperature_neg", &sapo.negativeTemperature, positive, when: isSAPO, else: reason)
    fields("vespo_k_pos", &vespo.positive.exponent, positive, when: isVESPO, else: reason)
    fields("vespo_lambda_pos", &vespo.positive.rate, positive, when: isVESPO, else: reason)
    fields("vespo_k_neg", &vespo.negative.exponent, positive, when: isVESPO, else: reason)
    fields("vespo_lambda_neg", &vespo.negative.rate, positive, when: isVESPO, else: reason)
    switch kind {
    case .policyGradient: self = .policyGradient
    case .ratio: self = .ratio
    case .clip: self = .clipped(clip)
    case .cispo: self = .cispo(cispo)
    case .sapo: self = .sapo(sapo)
    case .gmpo: self = .gmpo(gmpo)
    case .vespo: self = .vespo(vespo)
    }
  }
}

extension Surrogate.Kind {
  fileprivate var initial: Surrogate {
    switch self {
    case .policyGradient: .policyGradient
    case .ratio: .ratio
    case .clip: .clipped(ClippedSurrogate())
    case .cispo: .cispo(CISPO())
    case .sapo: .sapo(SAPO())
    case .gmpo: .gmpo(GMPO())
    case .vespo: .vespo(VESPO())
    }
  }
}
