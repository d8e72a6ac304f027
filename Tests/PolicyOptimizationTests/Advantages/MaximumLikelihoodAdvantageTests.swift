import PolicyOptimization
import Testing

@Suite struct MaximumLikelihoodAdvantageTests {
  static let golden: [(rewards: [Double], advantages: [Double])] = [
    ([0, 1, 0, 0], [-1, 3, -1, -1]),
    ([1, 1, 0, 0], [1, 1, -1, -1]),
    ([3, 2, 1], [0.5, 0, -0.5]),
  ]

  @Test(arguments: golden)
  func theDeviationIsMeasuredInMeans(rewards: [Double], expected: [Double]) {
    #expect(MaximumLikelihoodAdvantage()(RewardGroups(rewards)).uniform == expected)
  }

  @Test func aMeanThatIsNoPassRateGivesZero() {
    let advantages = MaximumLikelihoodAdvantage()(RewardGroups([-1, 1], [-3, 1], [0, 0, 0]))
    #expect(advantages.uniform == [0, 0, 0, 0, 0, 0, 0])
  }

  @Test func uninformativeGroupsGetExactlyZero() {
    let advantages = MaximumLikelihoodAdvantage()(RewardGroups([0.3, 0.3, 0.3], [7], [nil, 2]))
    #expect(advantages.uniform == [0, 0, 0, 0, 0, 0])
    let without = MaximumLikelihoodAdvantage()(RewardGroups([1, nil, 0]))
    #expect(without.uniform == [1, 0, -1])
  }

  /// Over every group of G completions with rewards 0 and 1: ∇p·Σ_{k<G} (1 − p)^{k−1}, which is the
  /// gradient of the first G − 1 terms of log p.
  @Test(arguments: [2, 3, 4])
  func theExpectationIsTheGradientOfTheTruncatedLogPassRate(size: Int) {
    let task = EnumeratedTask.binary(EnumeratedPolicy(maximumTokens: 2))
    let p = task.expectedReturn(task.policy)
    #expect(p > 0.2 && p < 0.8)
    let mean = EstimatorExpectation(
      MaximumLikelihoodAdvantage(), task: task, groupSizes: [size]
    ).mean
    let factor = Self.powers(of: 1 - p, count: size - 1).reduce(0, +)
    #expect(isClose(mean, task.exactGradient.map { factor * $0 }, within: 1e-12))
    let numerical = task.policy.numericalGradient { policy in
      let failure = 1 - task.expectedReturn(policy)
      return Self.powers(of: failure, count: size - 1).enumerated().reduce(0) {
        $0 - failure * $1.element / Double($1.offset + 1)
      }
    }
    #expect(isClose(mean, numerical, within: 1e-8))
  }

  /// 1, x, x² and so on.
  private static func powers(of x: Double, count: Int) -> [Double] {
    (1..<count).reduce(into: [1]) { powers, _ in powers.append(powers[powers.count - 1] * x) }
  }
}
