import PolicyOptimization
import Testing

@Suite struct ValueTargetTests {
  private static let groups = RewardGroups([
    [
      .init(
        tokenCount: 3,
        rewards: RewardStream([.init(token: 0, reward: 1), .init(token: 2, reward: 4)]),
        values: [1, 2, 3]),
      .init(tokenCount: 2, rewards: nil, values: [5, 5]),
      .init(tokenCount: 0, rewards: .terminal(9, tokenCount: 0), values: []),
    ]
  ])

  @Test func rewardsToGoAreDiscountedFromTheToken() {
    let targets = ValueTarget.rewardsToGo(Self.groups, discount: 0.5, lambda: 1)
    #expect(targets == [2, 2, 4, nil, nil])
  }

  // γ = λ = ½: δ = 1 + 1 − 1 = 1, 0 + 1.5 − 2 = −.5, 4 − 3 = 1; Â = 1 − .0625, −.25, 1.
  @Test func theLambdaReturnIsTheAdvantagePlusTheValue() {
    let targets = ValueTarget.lambdaReturn(Self.groups, discount: 0.5, lambda: 0.5)
    #expect(targets == [1.9375, 1.75, 4, nil, nil])
  }

  @Test func lambdaOneIsTheRewardToGo() {
    let groups = Self.groups
    #expect(
      ValueTarget.lambdaReturn(groups, discount: 0.5, lambda: 1)
        == ValueTarget.rewardsToGo(groups, discount: 0.5, lambda: 1))
    #expect(!ValueTarget.rewardsToGo.needsValues)
  }
}
