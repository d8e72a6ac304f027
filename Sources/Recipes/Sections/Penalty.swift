internal import PolicyOptimization

extension Recipe.Penalty {
  private enum Rule: String, CaseIterable { case fixed, adaptive, ziegler }

  private enum ReferenceDirection: String, CaseIterable {
    case policyToReference = "policy-to-reference"
    case referenceToPolicy = "reference-to-policy"

    var divergence: KLDivergence {
      self == .policyToReference ? .policyToReference : .referenceToPolicy
    }
  }

  private enum OldDirection: String, CaseIterable {
    case oldToPolicy = "old-to-policy"
    case policyToOld = "policy-to-old"

    var divergence: KLDivergence { self == .oldToPolicy ? .oldToPolicy : .policyToOld }
  }

  static let referenceKeys = [
    "beta", "kl_direction", "kl_estimator", "use_bias_correction_kl", "kl_straight_through",
    "kl_controller", "kl_target", "kl_horizon",
  ]

  static let oldKeys = [
    "old_kl_coef", "old_kl_direction", "old_kl_estimator", "old_kl_controller", "old_kl_target",
    "old_kl_horizon",
  ]

  /// Whether there is a gradient where both policies are the same: that of k1 is ±1 there.
  var pullsAtItsOwnPolicy: Bool { estimator == .k1 && weighting != .straightThrough }

  /// `beta` and the `kl_` keys: the divergence from the reference policy.
  mutating func declareReference(_ fields: RecipeFields) {
    fields("beta", &coefficient, .number(0...100))
    let acts = coefficient > 0
    let reason = "has no effect with beta 0"
    var direction: ReferenceDirection =
      divergence == .referenceToPolicy ? .referenceToPolicy : .policyToReference
    fields("kl_direction", &direction, .choice, when: acts, else: reason)
    divergence = direction.divergence
    fields("kl_estimator", &estimator, .choice, when: acts, else: reason)
    let samples = acts && estimator != .exact
    let exact = acts ? "has no effect with kl_estimator exact" : reason
    var (byRatio, straight) = (weighting == .ratio, weighting == .straightThrough)
    fields("use_bias_correction_kl", &byRatio, .flag, when: samples, else: exact)
    let takesGradient = samples && !byRatio && divergence == .policyToReference
    fields(
      "kl_straight_through", &straight, .flag, when: takesGradient,
      else: samples
        ? "needs kl_direction policy-to-reference and no use_bias_correction_kl" : exact)
    let canBeStraight = takesGradient && estimator != .k2
    if takesGradient, straight, estimator == .k2 {
      fields.failWithoutEffect(
        "kl_straight_through", "has no effect with kl_estimator k2, whose gradient it takes")
    }
    weighting =
      samples && byRatio ? .ratio : canBeStraight && straight ? .straightThrough : .plain
    declareController(fields, "kl_", when: acts, else: reason)
  }

  /// `old_kl_coef` and the `old_kl_` keys: the divergence from the policy that drew.
  mutating func declareOld(_ fields: RecipeFields) {
    fields("old_kl_coef", &coefficient, .number(0...1e6))
    let acts = coefficient > 0
    let reason = "has no effect with old_kl_coef 0"
    var direction: OldDirection = divergence == .policyToOld ? .policyToOld : .oldToPolicy
    fields("old_kl_direction", &direction, .choice, when: acts, else: reason)
    divergence = direction.divergence
    fields("old_kl_estimator", &estimator, .choice, when: acts, else: reason)
    declareController(fields, "old_kl_", when: acts, else: reason)
  }

  private mutating func declareController(
    _ fields: RecipeFields, _ prefix: String, when acts: Bool, else reason: String
  ) {
    var (rule, target, horizon) = (Rule.fixed, 0.01, 10000.0)
    switch controller {
    case .fixed: break
    case .adaptive(let adaptive): (rule, target) = (.adaptive, adaptive.target)
    case .ziegler(let goal, let length): (rule, target, horizon) = (.ziegler, goal, length)
    }
    fields(prefix + "controller", &rule, .choice, when: acts, else: reason)
    let (adapts, isZiegler) = (acts && rule != .fixed, acts && rule == .ziegler)
    fields(
      prefix + "target", &target, .number(above: 0, through: 1000), when: adapts,
      else: acts ? "has no effect with \(prefix)controller fixed" : reason)
    fields(
      prefix + "horizon", &horizon, .number(above: 0, through: 1e12), when: isZiegler,
      else: acts ? "has no effect with \(prefix)controller \(rule.rawValue)" : reason)
    controller =
      switch acts ? rule : .fixed {
      case .fixed: .fixed
      case .adaptive: .adaptive(AdaptiveKL(target: target))
      case .ziegler: .ziegler(target: target, horizon: horizon)
      }
  }
}
