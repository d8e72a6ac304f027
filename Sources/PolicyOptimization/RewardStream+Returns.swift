extension RewardStream {
  /// r_t of every token, or what `value` makes of it; an empty completion has one entry, for its terminal score.
  ///
  /// Shape: [max(1, tokenCount)].
  func perToken(
    tokenCount: Int, of value: (_ reward: Double) -> Double = { $0 }
  ) -> [Double] {
    var rewards = [Double](repeating: 0, count: max(1, tokenCount))
    for entry in entries { rewards[entry.token] += value(entry.reward) }
    return rewards
  }

  /// The discounted rewards-to-go, from the last token back; those of what `value` makes of each
  /// reward, which may be no finite number.
  ///
  ///     Ĝ_t = r_t + γ·Ĝ_{t+1} = Σ_{t′≥t} γ^{t′−t}·r_{t′}
  ///
  /// Shape: [max(1, tokenCount)].
  func rewardsToGo(
    tokenCount: Int, discount: Double, of value: (_ reward: Double) -> Double = { $0 }
  ) -> [Double] {
    var returns = perToken(tokenCount: tokenCount, of: value)
    for t in returns.indices.dropLast().reversed() { returns[t] += discount * returns[t + 1] }
    return returns
  }

  /// The discounted return of the whole completion, Ĝ₀.
  func discountedReturn(tokenCount: Int, discount: Double) -> Double {
    rewardsToGo(tokenCount: tokenCount, discount: discount)[0]
  }
}
