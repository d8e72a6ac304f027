/// What a value function is fitted to.
public enum ValueTarget: Sendable, Equatable {
  /// The discounted rewards-to-go: PPO's Algorithm 1.
  ///
  ///     R̂_t = Σ_{t′≥t} γ^{t′−t}·r_{t′}
  case rewardsToGo(discount: Double)

  /// The λ-return: what GAE compares V with.
  ///
  ///     R̂_t = Â_t + V(s_t),   Â by GAE(γ, λ)
  ///
  /// Less variance, and the old V's bias.
  case lambdaReturn(discount: Double, lambda: Double)

  /// Whether completions must have `values`.
  public var needsValues: Bool {
    switch self {
    case .rewardsToGo: false
    case .lambdaReturn: true
    }
  }

  /// R̂ of every token; nil for the tokens of a completion without reward, which teach nothing.
  ///
  /// Shape: [Σ tokenCount], in canonical order.
  public func callAsFunction(_ groups: RewardGroups) -> [Double?] {
    groups.groups.joined().flatMap { completion -> [Double?] in
      let count = completion.tokenCount
      guard let rewards = completion.rewards else { return Array(repeating: nil, count: count) }
      switch self {
      case .rewardsToGo(let discount):
        precondition(0 <= discount && discount <= 1)
        return rewards.rewardsToGo(tokenCount: count, discount: discount).prefix(count)
          .map(Optional.some)
      case .lambdaReturn(let discount, let lambda):
        precondition(0 <= discount && discount <= 1 && 0 <= lambda && lambda <= 1)
        guard let values = completion.values else { preconditionFailure("a value function") }
        let advantages = GeneralizedAdvantage.advantages(
          rewards: rewards.perToken(tokenCount: count), values: values, discount: discount,
          lambda: lambda)
        return zip(advantages, values).map { $0 + $1 }
      }
    }
  }
}
