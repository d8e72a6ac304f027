public import PolicyOptimization

extension Recipe {
  /// How the rewards of a step become advantages: `advantage`.
  public enum Advantage: Sendable, Equatable {
    /// The distance from the group's mean, over a deviation: `group`.
    case group(GroupRelativeAdvantage)
    /// The softmax-relative share of the group: `softmax`.
    case softmax(SoftmaxAdvantage)
    /// The rank within the group: `rank`.
    case rank(RankAdvantage)
    /// The distance from the mean of the group's other completions: `leave-one-out`.
    case leaveOneOut
    /// Each reward function normalized over the group, then summed: `normalized-sum` (GDPO).
    case normalizedSum
    /// Discounted returns whitened over the step: `whitened` (REINFORCE++).
    case whitened(WhitenedAdvantage)
    /// The distance from the reward of the greedy completion: `greedy-baseline` (ReMax).
    case greedyBaseline
    /// Step rewards normalized over the group and summed from each step on: `process`.
    case process(ProcessAdvantage)
    /// One of the lecture's six weights Ψ: `total-reward`, `action-value`, `reward-to-go`,
    /// `baseline` (and its printed form, `baseline-inside-sum`), `advantage`, `td-residual`.
    case weight(PolicyGradientWeight)
  }
}

extension Recipe.Advantage {
  private enum Kind: String, CaseIterable {
    case group, softmax, rank
    case leaveOneOut = "leave-one-out"
    case normalizedSum = "normalized-sum"
    case whitened
    case greedyBaseline = "greedy-baseline"
    case process
    case totalReward = "total-reward"
    case actionValue = "action-value"
    case rewardToGo = "reward-to-go"
    case baseline
    case baselineInsideSum = "baseline-inside-sum"
    case advantage
    case temporalDifference = "td-residual"

    var form: PolicyGradientWeight.Form? { PolicyGradientWeight.Form(rawValue: rawValue) }
  }

  private var kind: Kind {
    switch self {
    case .group: .group
    case .softmax: .softmax
    case .rank: .rank
    case .leaveOneOut: .leaveOneOut
    case .normalizedSum: .normalizedSum
    case .whitened: .whitened
    case .greedyBaseline: .greedyBaseline
    case .process: .process
    case .weight(let weight):
      switch weight.form {
      case .totalReward: .totalReward
      case .actionValue: .actionValue
      case .rewardToGo: .rewardToGo
      case .rewardToGoBaseline: .baseline
      case .baselineInsideSum: .baselineInsideSum
      case .advantage: .advantage
      case .temporalDifference: .temporalDifference
      }
    }
  }

  /// The name in a recipe.
  public var name: String { kind.rawValue }

  /// Whether V(s) is asked for.
  public var needsValues: Bool {
    guard case .weight(let weight) = self else { return false }
    return weight.needsValues
  }

  /// Whether a question's completions are compared with each other.
  public var wantsGroups: Bool {
    switch self {
    case .group, .softmax, .rank, .leaveOneOut, .normalizedSum, .process: true
    case .whitened(let whitened): whitened.baseline == .groupMean
    case .greedyBaseline: false
    case .weight(let weight): weight.form.usesBaseline && weight.baseline != .value
    }
  }

  /// The estimator itself.
  public var estimator: any AdvantageEstimator {
    switch self {
    case .group(let estimator): estimator
    case .softmax(let estimator): estimator
    case .rank(let estimator): estimator
    case .leaveOneOut: LeaveOneOutAdvantage()
    case .normalizedSum: NormalizedSumAdvantage()
    case .whitened(let estimator): estimator
    case .greedyBaseline: GreedyBaselineAdvantage()
    case .process(let estimator): estimator
    case .weight(let estimator): estimator
    }
  }

  /// γ, where there is one; 1 elsewhere.
  package var discount: Double {
    switch self {
    case .whitened(let estimator): estimator.discount
    case .weight(let weight): weight.discount
    case .group, .softmax, .rank, .leaveOneOut, .normalizedSum, .greedyBaseline, .process: 1
    }
  }

  /// λ, where there is one; 1 elsewhere.
  package var lambda: Double {
    if case .weight(let weight) = self { weight.lambda } else { 1 }
  }
}

// MARK: Keys

extension Recipe.Advantage {
  /// Declares the key that chooses, and the keys that have an effect with the choice.
  mutating func declare(_ fields: RecipeFields) {
    var kind = self.kind
    let before = kind
    fields("advantage", &kind, .choice)
    if kind != before { self = .init(kind) }
    func reason(_ need: Kind...) -> String {
      "has no effect with advantage \(kind.rawValue) (need "
        + need.map(\.rawValue).joined(separator: " or ") + ")"
    }
    var group = if case .group(let estimator) = self { estimator } else { GroupRelativeAdvantage() }
    fields("scale_rewards", &group.scale, .choice, when: kind == .group, else: reason(.group))
    var softmax = if case .softmax(let estimator) = self { estimator } else { SoftmaxAdvantage() }
    fields(
      "advantage_beta", &softmax.beta, .number(above: 0, through: 1000), when: kind == .softmax,
      else: reason(.softmax))
    fields(
      "advantage_scale", &softmax.scale, .choice, when: kind == .softmax, else: reason(.softmax))
    let weight = declareWeight(fields, kind)
    var whitened =
      if case .whitened(let estimator) = self { estimator } else { WhitenedAdvantage() }
    var baseline = whitened.baseline
    fields(
      "whitened_baseline", &baseline, .choice, when: kind == .whitened, else: reason(.whitened))
    var discount = weight.discount
    if kind == .whitened, baseline == .groupMean, discount < 1 {
      fields.failWithoutEffect(
        "gamma", "has no effect with whitened_baseline group-mean, which weighs whole completions")
      discount = 1
    }
    whitened = WhitenedAdvantage(discount: discount, baseline: baseline)
    switch kind {
    case .group: self = .group(group)
    case .softmax: self = .softmax(softmax)
    case .whitened: self = .whitened(whitened)
    case .rank, .leaveOneOut, .normalizedSum, .greedyBaseline, .process: break
    case .totalReward, .actionValue, .rewardToGo, .baseline, .baselineInsideSum, .advantage,
      .temporalDifference:
      self = .weight(weight)
    }
  }

  /// The keys of the lecture's weights; whitened returns share γ with them.
  private func declareWeight(
    _ fields: RecipeFields, _ kind: Kind
  ) -> PolicyGradientWeight {
    let reason = "has no effect with advantage \(kind.rawValue)"
    let current: PolicyGradientWeight =
      if case .weight(let weight) = self { weight } else { .init(form: kind.form ?? .rewardToGo) }
    var (discount, lambda, steps) = (self.discount, current.lambda, current.steps)
    var (baseline, outer, whitens) = (current.baseline, current.outerDiscount, current.whitens)
    let isWeight = kind.form != nil
    fields("gamma", &discount, .number(0...1), when: isWeight || kind == .whitened, else: reason)
    fields("td_steps", &steps, .integer(1...65536), when: kind == .advantage, else: reason)
    fields(
      "lam", &lambda, .number(0...1), when: kind == .advantage && steps == nil,
      else: kind == .advantage ? "has no effect with td_steps" : reason)
    fields(
      "baseline", &baseline, .choice, when: kind.form?.usesBaseline ?? false, else: reason)
    fields(
      "outer_discount", &outer, .flag, when: isWeight && kind != .totalReward && discount < 1,
      else: isWeight && kind != .totalReward ? "has no effect with gamma 1" : reason)
    fields("whiten_advantages", &whitens, .flag, when: isWeight, else: reason)
    return PolicyGradientWeight(
      form: kind.form ?? .rewardToGo, discount: discount, lambda: lambda, steps: steps,
      baseline: baseline, outerDiscount: outer && discount < 1, whitens: whitens)
  }

  private init(_ kind: Kind) {
    self =
      switch kind {
      case .group: .group(GroupRelativeAdvantage())
      case .softmax: .softmax(SoftmaxAdvantage())
      case .rank: .rank(RankAdvantage())
      case .leaveOneOut: .leaveOneOut
      case .normalizedSum: .normalizedSum
      case .whitened: .whitened(WhitenedAdvantage())
      case .greedyBaseline: .greedyBaseline
      case .process: .process(ProcessAdvantage())
      case .totalReward: .weight(.init(form: .totalReward))
      case .actionValue: .weight(.init(form: .actionValue))
      case .rewardToGo: .weight(.init(form: .rewardToGo))
      case .baseline: .weight(.init(form: .rewardToGoBaseline))
      case .baselineInsideSum: .weight(.init(form: .baselineInsideSum))
      case .advantage: .weight(.init(form: .advantage))
      case .temporalDifference: .weight(.init(form: .temporalDifference))
      }
  }
}
