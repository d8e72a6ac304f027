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
