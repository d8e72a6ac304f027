/// The weight Ψ of a token in the policy gradient: six of them, with the same expectation.
///
///     g = E[ Σ_t γᵗ·Ψ_t·∇log π_θ(o_t | s_t) ],   s_t the prompt and the tokens before t
///
/// The forms are those in which lectures on policy optimization state it, after Schulman et al. 2016,
/// eq. 1 (<https://arxiv.org/abs/1506.02438>). Ĝ_t = Σ_{t′≥t} γ^{t′−t}·r_{t′} is the reward-to-go, V the value
/// function, 0 after the last token.
///
/// Edge cases: a completion without reward gives 0 and is no part of a baseline. A group of one has
/// no leave-one-out baseline: its advantage is 0, as under ``LeaveOneOutAdvantage``. An empty
/// completion has no token, but its terminal score is part of the others' baseline. Rewards that
/// are all equal are not set to 0: only a baseline makes them uninformative.
public struct PolicyGradientWeight: AdvantageEstimator, Equatable {
  /// The forms of Ψ.
  public enum Form: String, Sendable, CaseIterable {
    /// Ψ_t = Σ_{t′≥0} γ^{t′}·r_{t′}, the same for every token; the outer γᵗ does not apply.
    case totalReward = "total-reward"
    /// Ψ_t = r_t + γ·V(s_{t+1}), the one-step estimate of Q(s_t, o_t).
    case actionValue = "action-value"
    /// Ψ_t = Ĝ_t.
    case rewardToGo = "reward-to-go"
    /// Ψ_t = Ĝ_t − b(s_t).
    case rewardToGoBaseline = "baseline"
    /// Ψ_t = Σ_{t′≥t} γ^{t′−t}·( r_{t′} − b(s_t) ), with the baseline inside the sum.
    ///
    /// The form as printed. b then counts once for every token that is still to come, which the
    /// policy decides: it is biased, by the gradient of −b times the discounted length.
    case baselineInsideSum = "baseline-inside-sum"
    /// Ψ_t = Â_t: an n-step return less V where `steps` is set, else GAE(γ, λ).
    case advantage
    /// Ψ_t = r_t + γ·V(s_{t+1}) − V(s_t).
    case temporalDifference = "td-residual"

    /// How the rewards after t are estimated.
    public var method: Method {
      switch self {
      case .totalReward, .rewardToGo, .rewardToGoBaseline, .baselineInsideSum: .monteCarlo
      case .actionValue, .advantage, .temporalDifference: .temporalDifference
      }
    }

    /// Whether the form subtracts a ``Baseline``.
    public var usesBaseline: Bool {
      switch self {
      case .rewardToGoBaseline, .baselineInsideSum: true
      case .totalReward, .actionValue, .rewardToGo, .advantage, .temporalDifference: false
      }
    }
  }

  /// How the rewards after a token are estimated.
  public enum Method: String, Sendable, CaseIterable {
    /// From the rewards that the completion earned.
    case monteCarlo = "monte-carlo"
    /// From a value function's estimate at the next token.
    case temporalDifference = "temporal-difference"
  }

  /// What the baseline b(s_t) is.
  public enum Baseline: String, Sendable, CaseIterable {
    /// The mean of Ĝ₀ over the other scored completions of the group, which is unbiased.
    case leaveOneOut = "leave-one-out"
    /// The mean of Ĝ₀ over all scored completions of the group; with γ = 1 the gradient is too small
    /// by the factor 1 − 1/G.
    case groupMean = "group-mean"
    /// The value V(s_t), which is unbiased.
    case value
  }

  /// Which of the forms Ψ has.
  public let form: Form
  /// γ, 0 to 1.
  public let discount: Double
  /// λ of GAE, 0 to 1; read by ``Form/advantage`` where `steps` is nil.
  public let lambda: Double
  /// n ≥ 1 of the n-step return that ``Form/advantage`` uses; nil for GAE.
  public let steps: Int?
  /// What is subtracted in the forms with a baseline; the other forms ignore it.
  public let baseline: Baseline
  /// Whether Ψ_t is multiplied by γᵗ, as the policy gradient of a discounted return demands.
  ///
  /// Without it, late tokens count as much as early ones, as in every implementation of PPO.
  public let outerDiscount: Bool
  /// Whether advantages get mean 0 and standard deviation 1 over the step's scored tokens.
  public let whitens: Bool

  /// Creates the estimator of one form.
  ///
  /// - Precondition: `discount` and `lambda` are 0 to 1, and `steps` is nil or at least 1.
  public init(
    form: Form, discount: Double = 1, lambda: Double = 0.95, steps: Int? = nil,
    baseline: Baseline = .leaveOneOut, outerDiscount: Bool = false, whitens: Bool = false
  ) {
    precondition(0 <= discount && discount <= 1 && 0 <= lambda && lambda <= 1)
    precondition(steps.map { $0 >= 1 } ?? true)
    (self.form, self.discount, self.lambda, self.steps) = (form, discount, lambda, steps)
    (self.baseline, self.outerDiscount, self.whitens) = (baseline, outerDiscount, whitens)
  }

  /// Whether Ψ contains V, so that completions must have `values`.
  public var needsValues: Bool {
    form.method == .temporalDifference || (form.usesBaseline && baseline == .value)
  }

  /// Whether the baseline comes from the completion's group.
  public var comparesGroups: Bool { form.usesBaseline && baseline != .value }

  /// One advantage for each token; 0 for the tokens of a completion without reward.
  ///
  /// - Precondition: completions have `values` where ``needsValues`` says so.
  public func callAsFunction(_ groups: RewardGroups) -> Advantages {
    let advantages = groups.tokenAdvantages { scored in
      let returns = scored.map { completion, rewards in
        rewards.discountedReturn(tokenCount: completion.tokenCount, discount: discount)
      }
      return scored.indices.map { i in
        let (completion, rewards) = scored[i]
        let weights = self.weights(
          completion, rewards, groupBaseline: groupBaseline(of: i, returns: returns))
        return outerDiscount && form != .totalReward ? discounted(weights) : weights
      }
    }
    guard whitens else { return advantages }
    return advantages.whitened(
      tokenCounts: groups.tokenCounts, takesPart: groups.groups.joined().map { $0.rewards != nil })
  }

  /// γᵗ·Ψ_t.
  private func discounted(_ weights: [Double]) -> [Double] {
    var factor = 1.0
    return weights.map { weight in
      defer { factor *= discount }
      return factor * weight
    }
  }
}

extension PolicyGradientWeight {
  /// The baseline of completion `i` that is the same for all its tokens; nil where there is none.
  func groupBaseline(of i: Int, returns: [Double]) -> Double? {
    switch baseline {
    case .leaveOneOut:
      let others = returns[..<i] + returns[(i + 1)...]
      return Moments(of: Array(others))?.mean
    case .groupMean: return Moments(of: returns)?.mean
    case .value: return nil
    }
  }

  /// Ψ of one completion, before the outer discount.
  func weights(
    _ completion: RewardGroups.Completion, _ stream: RewardStream, groupBaseline: Double?
  ) -> [Double] {
    let count = completion.tokenCount
    let rewards = stream.perToken(tokenCount: count)
    let returns = stream.rewardsToGo(tokenCount: count, discount: discount)
    func values() -> [Double] {
      guard let values = completion.values else { preconditionFailure("a value function") }
      return values
    }
    /// nil in a group of one: nobody to compare with.
    func baselines() -> [Double]? {
      switch baseline {
      case .value: return values()
      case .leaveOneOut, .groupMean:
        return groupBaseline.map { Array(repeating: $0, count: count) }
      }
    }

    switch form {
    case .totalReward:
      return Array(repeating: returns[0], count: count)
    case .rewardToGo:
      return Array(returns.prefix(count))
    case .rewardToGoBaseline:
      guard let baselines = baselines() else { return Array(repeating: 0, count: count) }
      return (0..<count).map { returns[$0] - baselines[$0] }
    case .baselineInsideSum:
      guard let baselines = baselines() else { return Array(repeating: 0, count: count) }
      var lengths = [Double](repeating: 1, count: count)
      for t in lengths.indices.dropLast().reversed() { lengths[t] += discount * lengths[t + 1] }
      return (0..<count).map { returns[$0] - lengths[$0] * baselines[$0] }
    case .actionValue:
      let values = values()
      return (0..<count).map {
        rewards[$0] + discount * GeneralizedAdvantage.value(after: $0, values)
      }
    case .temporalDifference:
      return GeneralizedAdvantage.residuals(
        rewards: rewards, values: values(), discount: discount)
    case .advantage:
      guard let steps else {
        return GeneralizedAdvantage.advantages(
          rewards: rewards, values: values(), discount: discount, lambda: lambda)
      }
      return nStepAdvantages(rewards: rewards, values: values(), steps: steps)
    }
  }

  /// Σ_{k<n} γᵏ·r_{t+k} + γⁿ·V(s_{t+n}) − V(s_t): the sum of n residuals, each discounted.
  private func nStepAdvantages(rewards: [Double], values: [Double], steps: Int) -> [Double] {
    let residuals = GeneralizedAdvantage.residuals(
      rewards: rewards, values: values, discount: discount)
    return residuals.indices.map { t in
      let end = steps < residuals.count - t ? t + steps : residuals.count
      return (t..<end).reversed().reduce(0) { residuals[$1] + discount * $0 }
    }
  }
}
