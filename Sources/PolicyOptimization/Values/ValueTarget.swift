/// What a value function is fitted to.
public enum ValueTarget: String, Sendable, CaseIterable {
  /// The discounted rewards-to-go: PPO's Algorithm 1.
  ///
  ///     R̂_t = Σ_{t′≥t} γ^{t′−t}·r_{t′}
  case rewardsToGo = "rewards-to-go"

  /// The λ-return: what GAE compares V with.
  ///
  ///     R̂_t = Â_t + V(s_t),   Â by GAE(γ, λ)
  ///
  /// Less variance, and the old V's bias.
  case lambdaReturn = "lambda-returns"

  /// Whether completions must have `values`.
  public var needsValues: Bool { self == .lambdaReturn }

  /// R̂ of every token; nil for the tokens of a completion without reward, which teach nothing.
  ///
  /// Shape: [Σ tokenCount], in canonical order.
  public func callAsFunction(
    _ groups: RewardGroups, discount: Double, lambda: Double
  ) -> [Double?] {
    precondition(0 <= discount && discount <= 1 && 0 <= lambda && lambda <= 1)
    return groups.groups.joined().flatMap { completion -> [Double?] in
      let count = completion.tokenCount
      guard let rewards = completion.rewards else { return Array(repeating: nil, count: count) }
      switch self {
      case .rewardsToGo:
        return rewards.rewardsToGo(tokenCount: count, discount: discount).prefix(count)
          .map(Optional.some)
      case .lambdaReturn:
        guard let values = completion.values else { preconditionFailure("a value function") }
        let advantages = GeneralizedAdvantage.advantages(
          rewards: rewards.perToken(tokenCount: count), values: values, discount: discount,
          lambda: lambda)
        return zip(advantages, values).map { $0 + $1 }
      }
    }
  }
}
