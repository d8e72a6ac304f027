import PolicyOptimization
import Testing

@Suite struct PolicyGradientWeightTests {
  typealias Form = PolicyGradientWeight.Form

  /// r = 1, 0, 4 with V = 1, 2, 3; r = 2 with V = 2; an unscored one.
  static let groups = RewardGroups([
    [
      .init(
        tokenCount: 3,
        rewards: RewardStream([.init(token: 0, reward: 1), .init(token: 2, reward: 4)]),
        values: [1, 2, 3]),
      .init(tokenCount: 1, rewards: .terminal(2, tokenCount: 1), values: [2]),
      .init(tokenCount: 1, rewards: nil, values: [5]),
    ]
  ])
  static let counts = [3, 1, 1]

  private func weights(
    _ form: Form, lambda: Double = 0.5, steps: Int? = nil,
    baseline: PolicyGradientWeight.Baseline = .leaveOneOut, outer: Bool = false
  ) -> [Double] {
    PolicyGradientWeight(
      form: form, discount: 0.5, lambda: lambda, steps: steps, baseline: baseline,
      outerDiscount: outer)(Self.groups).values(tokenCounts: Self.counts)
  }

  // γ = ½: Ĝ = 2, 2, 4 and 2. Discounted lengths 1.75, 1.5, 1. δ = 1, −.5, 1 and 0.
  @Test func everyFormMatchesItsDefinition() {
    #expect(weights(.totalReward) == [2, 2, 2, 2, 0])
    #expect(weights(.actionValue) == [2, 1.5, 4, 2, 0])
    #expect(weights(.rewardToGo) == [2, 2, 4, 2, 0])
    #expect(weights(.rewardToGoBaseline) == [0, 0, 2, 0, 0])
    #expect(weights(.rewardToGoBaseline, baseline: .groupMean) == [0, 0, 2, 0, 0])
    #expect(weights(.rewardToGoBaseline, baseline: .value) == [1, 0, 1, 0, 0])
    #expect(weights(.baselineInsideSum) == [-1.5, -1, 2, 0, 0])
    #expect(weights(.baselineInsideSum, baseline: .value) == [0.25, -1, 1, 0, 0])
    #expect(weights(.advantage) == [0.9375, -0.25, 1, 0, 0])
    #expect(weights(.temporalDifference) == [1, -0.5, 1, 0, 0])
  }

  /// λ = 0 and one step are the residual; λ = 1 and all steps the reward-to-go less V.
  @Test func theAdvantageLiesBetweenResidualAndReturn() {
    #expect(weights(.advantage, lambda: 0) == weights(.temporalDifference))
    #expect(weights(.advantage, steps: 1) == weights(.temporalDifference))
    let last = weights(.rewardToGoBaseline, baseline: .value)
    #expect(weights(.advantage, lambda: 1) == last)
    #expect(weights(.advantage, steps: 3) == last && weights(.advantage, steps: .max) == last)
    // Two steps from the first: 1 + ¼·V(s_2) − 1 = .75.
    #expect(weights(.advantage, steps: 2) == [0.75, 0, 1, 0, 0])
  }

  @Test func theOuterDiscountFallsWithTheTokenButForTheTotal() {
    #expect(weights(.rewardToGo, outer: true) == [2, 1, 1, 2, 0])
    #expect(weights(.totalReward, outer: true) == weights(.totalReward))
  }

  @Test func methodsAreLabelledAsInTheLecture() {
    #expect(
      Form.allCases.filter { $0.method == .temporalDifference }
        == [.actionValue, .advantage, .temporalDifference])
    #expect(PolicyGradientWeight(form: .rewardToGoBaseline, baseline: .value).needsValues)
    #expect(!PolicyGradientWeight(form: .rewardToGoBaseline).needsValues)
    #expect(!PolicyGradientWeight(form: .totalReward, baseline: .value).needsValues)
  }

  @Test func aGroupOfOneHasNobodyToLeaveOut() {
    let one = RewardGroups(scores: [[3, nil]], tokenCounts: [[2, 1]])
    for form in [Form.rewardToGoBaseline, .baselineInsideSum] {
      let values = PolicyGradientWeight(form: form)(one).values(tokenCounts: [2, 1])
      #expect(values == [0, 0, 0])
    }
    #expect(PolicyGradientWeight(form: .rewardToGo)(one).values(tokenCounts: [2, 1]) == [3, 3, 0])
  }

  /// The mean of six times 0.1 is off by an ulp; a baseline that equals the returns is not.
  @Test func equalReturnsLessTheirBaselineAreExactlyZero() {
    for reward in [0.1, 0.7, 1e6 / 3] {
      let groups = RewardGroups(Array(repeating: reward, count: 7))
      let counts = Array(repeating: 2, count: 7)
      for baseline in [PolicyGradientWeight.Baseline.leaveOneOut, .groupMean] {
        let weight = PolicyGradientWeight(form: .rewardToGoBaseline, baseline: baseline)
        #expect(weight(groups).values(tokenCounts: counts).allSatisfy { $0 == 0 })
      }
    }
  }

  @Test func anEmptyCompletionIsPartOfTheBaselineOnly() {
    let groups = RewardGroups(scores: [[4, 1]], tokenCounts: [[0, 2]])
    let values = PolicyGradientWeight(form: .rewardToGoBaseline)(groups)
      .values(tokenCounts: [0, 2])
    #expect(values == [-3, -3])
  }

  // Ĝ = 2, 2, 4, 2 whitened: mean 2.5, s = 1.
  @Test func whitenedAdvantagesHaveMeanZeroAndDeviationOne() {
    let values = PolicyGradientWeight(form: .rewardToGo, discount: 0.5, whitens: true)(Self.groups)
      .values(tokenCounts: Self.counts)
    #expect(isClose(values, [-0.5, -0.5, 1.5, -0.5, 0], within: 1e-7))
  }

  /// γ = 1 and terminal scores: the estimators by group are special cases.
  @Test func withoutDiscountTheBaselinesAreThoseOfTheGroupEstimators() {
    let groups = RewardGroups([1, 0, 0.25, nil])
    let counts = [2, 2, 2, 2]
    func values(_ estimator: some AdvantageEstimator) -> [Double] {
      estimator(groups).values(tokenCounts: counts)
    }
    #expect(
      isClose(
        values(PolicyGradientWeight(form: .rewardToGoBaseline)), values(LeaveOneOutAdvantage()),
        within: 1e-15))
    #expect(
      isClose(
        values(PolicyGradientWeight(form: .rewardToGoBaseline, baseline: .groupMean)),
        values(GroupRelativeAdvantage(scale: .none)), within: 1e-15))
  }
}
