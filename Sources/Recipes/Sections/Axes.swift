public import PolicyOptimization

extension Recipe {
  /// What an algorithm is made of: choices that do not depend on each other, each a few keys of
  /// `train`.
  ///
  /// A preset (``Algorithm``) is one value of it; keys of a recipe override single choices. A key
  /// that would have no effect beside the others is refused.
  public struct Axes: Sendable, Equatable {
    /// How rewards become advantages, or the weights Ψ of the policy gradient.
    public var advantage = Advantage.group(GroupRelativeAdvantage())
    /// What is minimized.
    public var objective = Objective()
    /// What is added to the rewards before advantages are estimated.
    public var shaping = Shaping()
    /// How a gradient moves the policy.
    public var update = Update.adam
    /// Times that the completions of a step are gone through, 1 to 1000: `num_iterations`, μ.
    public var epochs = 1
    /// Parts into which each pass is cut, each an update of its own, 1 to 1024:
    /// `num_mini_batches`.
    ///
    /// Questions are dealt out at random; the completions of one stay together.
    public var miniBatches = 1
    /// What estimates V(s), where the advantages ask for it: `value`.
    public var value: ValueFunction?
    /// What becomes of the reference policy: `reference`, and with `mix` also
    /// `ref_model_mixup_alpha` and `ref_model_sync_steps`.
    public var reference = ReferenceSchedule.reset
    /// Rounds in which questions whose completions all have the same reward are replaced by others,
    /// 0 (keep them) to 100: `dynamic_sampling_rounds`.
    ///
    /// Yu et al. 2025 (DAPO), section 3.2 (<https://arxiv.org/abs/2503.14476>). What is left after
    /// the last round makes the update, be it fewer questions.
    public var dynamicSamplingRounds = 0
    /// Whether completions cut off by the length are left out of the update:
    /// `mask_truncated_completions`.
    public var masksTruncatedCompletions = false

    public init() {}

    /// Updates that are made with the completions of one step.
    public var updatesPerStep: Int { epochs * miniBatches }

    /// What the objective and the shaping of rewards ask for, whatever makes the updates.
    var needs: Set<ObjectiveNeed> {
      objective.policyObjective(maxCompletionTokens: 1).needs
        .union(RewardShaping(klCoefficient: shaping.klCoefficient).needs)
    }
  }

  /// What is added to a completion's rewards.
  public struct Shaping: Sendable, Equatable {
    /// Weight of a penalty of −1 at most for completions that come near the length limit, 0 to
    /// 1000: `overlong_penalty`.
    public var overlongPenalty = 0.0
    /// Tokens before the limit over which it rises from 0, 1 to 65534: `overlong_buffer`.
    ///
    /// By default a fifth of `max_completion_length`, DAPO's share.
    public var overlongBuffer: Int?
    /// Weight of log π_old − log π_ref as a cost of each token, 0 to 100: `reward_kl_coef`.
    ///
    /// The KL divergence from the reference policy in the reward, where PPO and RLOO have it.
    public var klCoefficient = 0.0
    /// A cost of each token, −100 to 100: `token_cost`.
    public var tokenCost = 0.0

    public init() {}
  }
}

extension Recipe.Axes {
  /// - Parameter length: Steps of an iteration and of the run, for what they leave without effect.
  mutating func declare(
    _ fields: RecipeFields, maxCompletionTokens: Int, length: (iteration: Int, run: Int) = (0, 0)
  ) {
    fields("num_iterations", &epochs, .integer(1...1000))
    fields("num_mini_batches", &miniBatches, .integer(1...1024))
    advantage.declare(fields)
    objective.declare(fields)
    shaping.declare(fields, maxCompletionTokens: maxCompletionTokens)
    update.declare(fields)
    declareValue(fields)
    reference.declare(fields)
    fields("dynamic_sampling_rounds", &dynamicSamplingRounds, .integer(0...100))
    fields("mask_truncated_completions", &masksTruncatedCompletions, .flag)
    if fields.isReading { dropPresetsChoices(fields) }
    if fields.isSound { compare(fields, length) }
  }

  private mutating func declareValue(_ fields: RecipeFields) {
    guard advantage.needsValues else {
      fields.refuse("value", because: "has no effect with advantage \(advantage.name)")
      value = nil
      return
    }
    if fields.isReading && value == nil { value = Recipe.ValueFunction() }
    fields("value", &value, .section)
  }

  /// What the preset brings and nobody wrote gives way to keys that leave it without effect.
  private mutating func dropPresetsChoices(_ fields: RecipeFields) {
    if case .trustRegion = update, objective.oldKL.coefficient > 0, !fields.has("old_kl_coef") {
      fields.warn(
        Self.updateKey(fields), "trust-region takes the place of the algorithm's old_kl_coef")
      (objective.oldKL.coefficient, objective.oldKL.controller) = (0, .fixed)
    }
    if dynamicSamplingRounds > 0, !advantage.wantsGroups, !fields.has("dynamic_sampling_rounds") {
      fields.warn(
        "advantage",
        "\(advantage.name) leaves the algorithm's dynamic_sampling_rounds nothing to do")
      dynamicSamplingRounds = 0
    }
    if advantage == .normalizedSum {
      for key in shaping.keysInUse
      where !fields.has(key) && !(key == "overlong_penalty" && fields.has("overlong_buffer")) {
        fields.warn("advantage", "normalized-sum leaves the algorithm's \(key) nothing to change")
        shaping.remove(key)
      }
    }
  }

  /// The key that says how the policy is moved: `update`, or else the preset.
  private static func updateKey(_ fields: RecipeFields) -> String {
    fields.has("update") ? "update" : "algorithm"
  }

  private func compare(_ fields: RecipeFields, _ length: (iteration: Int, run: Int)) {
    if updatesPerStep == 1, update == .adam {
      let once = "with one update a step (num_iterations 1, num_mini_batches 1), where "
      fields.warnWithoutEffect(
        objective.surrogate.clipKeys + ["off_policy_mask_threshold"],
        once + "the ratio is always 1")
      if !objective.oldKL.pullsAtItsOwnPolicy {
        fields.warnWithoutEffect(
          Recipe.Penalty.oldKeys, once + "the policy is still the one that drew")
      }
      if value?.trunk == .policy {
        fields.warnWithoutEffect(["value.clip"], once + "the value is what it was")
      }
    }
    if let value, value.trunk == .own, value.epochs * miniBatches == 1 {
      fields.warnWithoutEffect(
        ["value.clip"], "with one update of the value a step, where it is what it was")
    }
    if value?.target == .lambdaReturns, advantage.lambda == 1 {
      fields.warnWithoutEffect(["value.target"], "with lam 1, where both targets are the same")
    }
    compareReference(fields, length)
    if update != .adam, updatesPerStep > 1 {
      fields.warn(
        Self.updateKey(fields),
        "makes \(updatesPerStep) searches a step, each on a part of its completions")
    }
    if case .trustRegion = update, objective.oldKL.coefficient > 0 {
      fields.failWithoutEffect(
        "old_kl_coef", "has no place beside update trust-region, which bounds that divergence")
    }
    if dynamicSamplingRounds > 0, !advantage.wantsGroups {
      fields.failWithoutEffect(
        "dynamic_sampling_rounds",
        "has no effect with advantage \(advantage.name), which does not compare completions")
    }
    if advantage == .normalizedSum {
      for key in shaping.keysInUse {
        fields.failWithoutEffect(
          key,
          "has no effect with advantage normalized-sum, which normalizes the reward functions one by "
            + "one")
      }
    }
  }

  /// Warns of keys about a reference policy that is the policy itself whenever it is asked, or that
  /// never moves.
  private func compareReference(_ fields: RecipeFields, _ length: (iteration: Int, run: Int)) {
    if length.run == 1 || reference == .reset && length.iteration == 1 {
      let same =
        "with \(length.run == 1 ? "one step" : "steps_per_iteration 1"), where the reference is "
        + "still the policy"
      fields.warnWithoutEffect(["reward_kl_coef"], same)
      if updatesPerStep == 1, update == .adam, !objective.referenceKL.pullsAtItsOwnPolicy {
        fields.warnWithoutEffect(Recipe.Penalty.referenceKeys, same)
      }
    }
    if case .mix(_, let steps) = reference, steps >= length.run {
      fields.warnWithoutEffect(
        ["ref_model_sync_steps", "ref_model_mixup_alpha"],
        "with ref_model_sync_steps \(steps), which the run's \(length.run) steps do not exceed")
    }
  }
}

extension Recipe.Shaping {
  /// The keys of what is added to the rewards.
  fileprivate var keysInUse: [String] {
    (overlongPenalty > 0 ? ["overlong_penalty"] : [])
      + (klCoefficient > 0 ? ["reward_kl_coef"] : []) + (tokenCost != 0 ? ["token_cost"] : [])
  }

  fileprivate mutating func remove(_ key: String) {
    switch key {
    case "overlong_penalty": overlongPenalty = 0
    case "reward_kl_coef": klCoefficient = 0
    default: tokenCost = 0
    }
  }
}

extension Recipe.Shaping {
  mutating func declare(_ fields: RecipeFields, maxCompletionTokens: Int) {
    fields("overlong_penalty", &overlongPenalty, .number(0...1000))
    if fields.isReading, overlongPenalty > 0 {
      overlongBuffer = overlongBuffer ?? max(1, maxCompletionTokens / 5)
    }
    fields(
      "overlong_buffer", &overlongBuffer, .integer(1...65534), when: overlongPenalty > 0,
      else: "has no effect with overlong_penalty 0")
    fields("reward_kl_coef", &klCoefficient, .number(0...100))
    fields("token_cost", &tokenCost, .number(-100...100))
  }
}

extension ReferenceSchedule {
  private enum Kind: String, CaseIterable { case reset, fixed, mix }

  /// As a recipe names it.
  var name: String {
    switch self {
    case .reset: Kind.reset.rawValue
    case .fixed: Kind.fixed.rawValue
    case .mix: Kind.mix.rawValue
    }
  }

  mutating func declare(_ fields: RecipeFields) {
    var (kind, alpha, steps) = (Kind.reset, 0.6, 512)
    switch self {
    case .reset: kind = .reset
    case .fixed: kind = .fixed
    case .mix(let part, let every): (kind, alpha, steps) = (.mix, part, every)
    }
    fields("reference", &kind, .choice)
    let reason = "has no effect with reference \(kind.rawValue) (need mix)"
    fields(
      "ref_model_mixup_alpha", &alpha, .number(above: 0, through: 1), when: kind == .mix,
      else: reason)
    fields(
      "ref_model_sync_steps", &steps, .integer(1...1_000_000_000), when: kind == .mix,
      else: reason)
    switch kind {
    case .reset: self = .reset
    case .fixed: self = .fixed
    case .mix: self = .mix(alpha: alpha, steps: steps)
    }
  }
}
