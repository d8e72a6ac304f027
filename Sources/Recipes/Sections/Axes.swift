public import PolicyOptimization

extension Recipe {
  /// What an algorithm is made of: choices that do not depend on each other, each a few keys of
  /// `train`.
  ///
  /// A preset (``Algorithm``) is one value of it; keys of a recipe override single choices. A key
  /// that would have no effect beside the others is refused.
  public struct Axes: Sendable, Equatable {
    /// How rewards become advantages, or the weights Ψ of the policy gradient.
    public var advantage = Advantage(GroupRelativeAdvantage())
    /// What is minimized.
    public var objective = PolicyObjective()
    /// What is added to the rewards before advantages are estimated.
    public var shaping = Shaping()
    /// How a gradient moves the policy.
    public var update = Update.adam
    /// Times that the completions of a step are gone through: `num_iterations`, μ.
    public var epochs = 1
    /// Parts into which each pass is cut, each an update of its own: `num_mini_batches`.
    ///
    /// Questions are dealt out at random; the completions of one stay together.
    public var miniBatches = 1
    /// What estimates V(s), where the advantages ask for it: `value`.
    public var value: ValueFunction?
    /// What becomes of the reference policy: `reference`, and with `mix` also
    /// `ref_model_mixup_alpha` and `ref_model_sync_steps`.
    public var reference = ReferenceSchedule.reset
    /// Rounds in which questions whose completions all have the same reward are replaced by others:
    /// `dynamic_sampling_rounds`.
    ///
    /// Yu et al. 2025 (DAPO), section 3.2 (<https://arxiv.org/abs/2503.14476>). What is left after
    /// the last round makes the update, be it fewer questions.
    public var dynamicSamplingRounds = 0
    /// Whether completions cut off by the length are left out of the update:
    /// `mask_truncated_completions`.
    public var masksTruncatedCompletions = false

    /// Creates axes with every key at its default: `grpo` without its KL penalty.
    public init() {}

    /// Updates that are made with the completions of one step.
    public var updatesPerStep: Int { epochs * miniBatches }

    /// What a step must compute beside log-probs and entropies: all that an objective, the shaping
    /// of rewards and the update ask for, and nothing else.
    ///
    /// This is where it is decided whether there is a reference policy, and which divergences are
    /// exact.
    package func needs(of objective: any Objective) -> Set<ObjectiveNeed> {
      var needs = objective.needs.union(
        RewardShaping(klCoefficient: shaping.klCoefficient).needs)
      if case .trustRegion(let region) = update { needs.insert(.exactKL(region.divergence)) }
      return needs
    }
  }
}

extension Recipe.Axes {
  /// - Parameter length: Steps of an iteration and of the run, for what they leave without effect.
  mutating func declare(
    _ fields: Fields, maxCompletionTokens: Int, length: (iteration: Int, run: Int) = (0, 0)
  ) {
    fields(
      "num_iterations", &epochs, .integer(1...1000),
      "μ: passes over the completions of a step.", also: ["num_ppo_epochs"])
    fields(
      "num_mini_batches", &miniBatches, .integer(1...1024),
      "Parts of each pass, each an update of its own; at most questions_per_step. Questions are "
        + "dealt out at random, and the completions of one question stay together.")
    fields.choose(
      "advantage", &advantage,
      "How rewards become advantages. Against the question's other completions: `group`, "
        + "`softmax`, `rank`, `leave-one-out`, `normalized-sum`, `maximum-likelihood`, `process`. "
        + "Over the step: `whitened`. Against the greedy completion: `greedy-baseline`. The others "
        + "are the weights of the policy gradient.")
    objective.declare(fields, maxCompletionTokens: maxCompletionTokens)
    shaping.declare(fields, maxCompletionTokens: maxCompletionTokens)
    fields.choose(
      "update", &update,
      "How a gradient moves the policy: `adam`; `line-search`, against the gradient as far as the "
        + "loss falls; `trust-region`, along the natural gradient as far as max_kl allows.")
    let needsValues = advantage.estimator.needsValues
    value = needsValues ? value ?? Recipe.ValueFunction() : nil
    fields(
      "value", &value, .section, "The value function V(s): a scalar head on a transformer.",
      default: "its own defaults", when: needsValueFunction)
    fields.choose(
      "reference", &reference,
      "The reference policy, where a KL penalty needs one: `reset`, set to the policy at each outer iteration; `fixed`, the "
        + "policy that training started with; `mix`, moved towards the policy every so many steps.",
      also: ["sync_ref_model"])
    fields(
      "dynamic_sampling_rounds", &dynamicSamplingRounds, .integer(0...100),
      "Rounds in which questions whose completions all have the same reward are replaced by new "
        + "ones (DAPO). The update uses what is left after the last round.")
    fields(
      "mask_truncated_completions", &masksTruncatedCompletions, .flag,
      "Leaves completions that were cut off by max_completion_length out of the update.")
    if fields.isReading { dropPresetsChoices(fields) }
    if fields.isSound { compare(fields, length) }
  }

  /// That the advantages need values: by their form, or by their baseline.
  private var needsValueFunction: Condition {
    let weight = advantage.named as? PolicyGradientWeight
    let byForm = Condition.key("advantage", advantage) { $0.estimator.needsValues }
    let baselines = Condition.key("advantage", advantage) {
      ($0.named as? PolicyGradientWeight)?.form.usesBaseline == true
    }
    let isValue = Condition.key("baseline", weight?.baseline ?? .leaveOneOut, is: .value)
    return byForm || baselines && isValue
  }

  private var isTrustRegion: Bool { if case .trustRegion = update { true } else { false } }

  /// What the preset brings and nobody wrote gives way to keys that leave it without effect.
  private mutating func dropPresetsChoices(_ fields: Fields) {
    if isTrustRegion, objective.oldKLPenalty != nil, !fields.has("old_kl_coef") {
      fields.warn(
        Self.updateKey(fields), "trust-region replaces the algorithm's old_kl_coef")
      objective.oldKLPenalty = nil
    }
    if dynamicSamplingRounds > 0, !advantage.estimator.comparesGroups,
      !fields.has("dynamic_sampling_rounds")
    {
      fields.warn(
        "advantage",
        "\(advantage.name) ignores the algorithm's dynamic_sampling_rounds")
      dynamicSamplingRounds = 0
    }
    if advantage.estimator.readsComponents {
      shaping.dropUnless { key in
        if fields.has(key) || key == "overlong_penalty" && fields.has("overlong_buffer") {
          return true
        }
        fields.warn("advantage", "\(advantage.name) ignores the algorithm's \(key)")
        return false
      }
    }
  }

  /// The key that says how the policy is moved: `update`, or else the preset.
  private static func updateKey(_ fields: Fields) -> String {
    fields.has("update") ? "update" : "algorithm"
  }

  private func compare(_ fields: Fields, _ length: (iteration: Int, run: Int)) {
    compareUpdates(fields)
    compareReference(fields, length)
    if update != .adam, updatesPerStep > 1 {
      fields.warn(
        Self.updateKey(fields),
        "makes \(updatesPerStep) searches per step"
          + (miniBatches > 1 ? ", each on a part of its completions" : ""))
    }
    if isTrustRegion, objective.oldKLPenalty != nil {
      fields.failWithoutEffect(
        "old_kl_coef",
        "has no effect with update trust-region, which bounds the same divergence")
    }
    if dynamicSamplingRounds > 0, !advantage.estimator.comparesGroups {
      fields.failWithoutEffect(
        "dynamic_sampling_rounds",
        "has no effect with advantage \(advantage.name), which does not compare completions")
    }
    if advantage.estimator.readsComponents {
      var rest = shaping
      rest.dropUnless { key in
        fields.failWithoutEffect(
          key,
          "has no effect with advantage \(advantage.name), which normalizes the reward functions "
            + "one by one")
        return false
      }
    }
  }

  /// Warns of keys that act only once the policy, or the value function, has moved within a step.
  private func compareUpdates(_ fields: Fields) {
    if updatesPerStep == 1, update == .adam {
      let once = "with one update per step (num_iterations 1, num_mini_batches 1), where "
      fields.warnWithoutEffect(
        objective.surrogate.keys + ["off_policy_mask_threshold"],
        once + "the ratio is always 1")
      if objective.oldKLPenalty?.pullsAtItsOwnPolicy != true {
        fields.warnWithoutEffect(
          KLPenalty.oldKeys, once + "the policy has not changed since sampling")
      }
      if value?.trunk == .policy {
        fields.warnWithoutEffect(["value.clip"], once + "the value has not changed yet")
      }
    }
    if let value, value.trunk == .own, value.epochs * miniBatches == 1 {
      fields.warnWithoutEffect(
        ["value.clip"], "with one value update per step, where the value has not changed yet")
    }
    if value?.target == .lambdaReturn, advantage.estimator.lambda == 1 {
      fields.warnWithoutEffect(["value.target"], "with lam 1, where both targets are the same")
    }
  }

  /// Warns of keys about a reference policy that is the policy itself whenever it is asked, or that
  /// never moves.
  private func compareReference(_ fields: Fields, _ length: (iteration: Int, run: Int)) {
    if length.run == 1 || reference == .reset && length.iteration == 1 {
      let same =
        "with \(length.run == 1 ? "one step" : "steps_per_iteration 1"), where the reference is "
        + "still the policy"
      if shaping.klCoefficient > 0 { fields.warnWithoutEffect(["reward_kl_coef"], same) }
      if updatesPerStep == 1, update == .adam, objective.klPenalty?.pullsAtItsOwnPolicy != true {
        fields.warnWithoutEffect(KLPenalty.referenceKeys, same)
      }
    }
    if case .mix(_, let steps) = reference, steps >= length.run {
      fields.warnWithoutEffect(
        ["ref_model_sync_steps", "ref_model_mixup_alpha"],
        "with ref_model_sync_steps \(steps), which the run's \(length.run) steps do not exceed")
    }
  }
}
