import PolicyOptimization

/// Mean and variance of a policy gradient estimator, over every group that could be drawn.
///
/// The estimator and the objective are the real ones: rewards and values go in as ``RewardGroups``,
/// advantages into an ``ObjectiveBatch``, and the coefficients that come out multiply ∇log π.
struct EstimatorExpectation {
  var mean: [Double]
  /// E‖g‖² − ‖E g‖².
  var variance: Double

  /// - Parameters:
  ///   - groupSizes: the completions of each group of a step.
  ///   - values: V(s) as the value function sees it.
  ///   - sampler: what draws the completions; the task's own policy when nil.
  init(
    _ estimator: some AdvantageEstimator, task: EnumeratedTask, groupSizes: [Int] = [1],
    values: [Double]? = nil, greedyReward: Double? = nil, sampler: EnumeratedPolicy? = nil,
    objective: PolicyObjective = PolicyObjective(
      surrogate: .policyGradient, aggregation: .sequenceSum)
  ) {
    let policy = task.policy
    let drawn = sampler ?? policy
    let completions = policy.completions
    let entries = completions.map { completion in
      let rewards = task.rewards(completion)
      // A reward of 0 on the way is no step, but a score of 0 at the end is a score.
      let known = zip(rewards.indices, rewards).filter { $1 != 0 || $0 == rewards.count - 1 }
        .map { RewardStream.Entry(token: $0, reward: $1) }
      return RewardGroups.Completion(
        tokenCount: completion.tokens.count, rewards: RewardStream(known),
        values: values.map { values in completion.states.map { values[$0] } },
        components: [.init(value: rewards.reduce(0, +))])
    }
    let probabilities = completions.map { drawn.probability($0) }
    let logProbs = completions.map { policy.logProbs($0) }
    let oldLogProbs = completions.map { drawn.logProbs($0) }
    let size = groupSizes.reduce(0, +)

    var (mean, squares) = (policy.logits.map { _ in 0.0 }, 0.0)
    var indices = [Int](repeating: 0, count: size)
    repeat {
      var rest = indices[...]
      let groups = RewardGroups(
        groupSizes.map { count in
          defer { rest = rest.dropFirst(count) }
          return rest.prefix(count).map { entries[$0] }
        }, greedyRewards: greedyReward.map { [$0] } ?? [])
      var ranges: [Range<Int>] = []
      for i in indices {
        let start = ranges.last?.upperBound ?? 0
        ranges.append(start..<start + completions[i].tokens.count)
      }
      let advantage = estimator(groups).values(tokenCounts: ranges.map(\.count))
      let result = objective(
        ObjectiveBatch(
          completions: ranges, logProb: indices.flatMap { logProbs[$0] },
          oldLogProb: indices.flatMap { oldLogProbs[$0] }, advantage: advantage,
          mask: advantage.map { _ in true }))
      var gradient = policy.logits.map { _ in 0.0 }
      for (i, range) in zip(indices, ranges) {
        // What is minimized is minus the return.
        let part = policy.gradient(
          completions[i], coefficients: result.dLogProb[range].map { -$0 })
        for k in gradient.indices { gradient[k] += part[k] }
      }
      let weight = indices.reduce(1) { $0 * probabilities[$1] }
      for k in gradient.indices {
        mean[k] += weight * gradient[k]
        squares += weight * gradient[k] * gradient[k]
      }
    } while Self.advance(&indices, below: completions.count)
    self.mean = mean
    variance = squares - mean.reduce(0) { $0 + $1 * $1 }
  }

  /// The next tuple, like an odometer; false after the last.
  private static func advance(_ indices: inout [Int], below limit: Int) -> Bool {
    for i in indices.indices.reversed() {
      indices[i] += 1
      if indices[i] < limit { return true }
      indices[i] = 0
    }
    return false
  }
}
