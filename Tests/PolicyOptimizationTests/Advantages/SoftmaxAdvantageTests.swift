import Foundation
import PolicyOptimization
import Testing

@Suite struct SoftmaxAdvantageTests {
  // β = 1. [1,0,0,0]: e/(e+3) − ¼ = 0.475366886 − 0.25, 1/(e+3) − ¼ = 0.174877705 − 0.25.
  // [1,1,0,0]: e/(2e+2) − ¼ = 0.365529289 − 0.25. [1,1,1,0]: e/(3e+1) − ¼, 1/(3e+1) − ¼.
  @Test(arguments: [
    ([1.0, 0, 0, 0], [0.225_366_89, -0.075_122_30, -0.075_122_30, -0.075_122_30]),
    ([1, 1, 0, 0], [0.115_529_29, 0.115_529_29, -0.115_529_29, -0.115_529_29]),
    ([1, 1, 1, 0], [0.046_922_59, 0.046_922_59, 0.046_922_59, -0.140_767_78]),
    ([0.1, 0.9, 0.5, 0.5], [-0.088_948, 0.108_427, -0.009_739, -0.009_739]),
  ])
  func matchesHandComputedValues(rewards: [Double], expected: [Double]) {
    let advantages = SoftmaxAdvantage(beta: 1)(RewardGroups(rewards)).uniform
    #expect(isClose(advantages, expected, within: 1e-6))
  }

  @Test(arguments: [0.1, 1, 10, 1000])
  func advantagesSumToZeroWithinTheirBounds(beta: Double) {
    let rewards = [0.3, -2, 7, 7, 1e-3]
    let advantages = SoftmaxAdvantage(beta: beta)(RewardGroups(rewards)).uniform
    #expect(abs(advantages.reduce(0, +)) < 1e-15 * 5)
    #expect(advantages.allSatisfy { -0.2 <= $0 && $0 <= 0.8 })
  }

  @Test func aConstantAddedToEveryRewardChangesNothing() {
    let plain = SoftmaxAdvantage(beta: 2)(RewardGroups([1, 0, 0.5, 3])).uniform
    let shifted = SoftmaxAdvantage(beta: 2)(RewardGroups([4097, 4096, 4096.5, 4099])).uniform
    #expect(plain == shifted)
  }

  @Test func hugeRewardsDoNotOverflow() {
    let advantages = SoftmaxAdvantage(beta: 10)(RewardGroups([1e6, 0, -1e6, 1e6])).uniform
    #expect(advantages == [0.25, -0.25, -0.25, 0.25])
  }

  @Test func aSmallBetaTendsToTheCentredReward() {
    let (beta, rewards) = (1e-5, [1.0, 0, 0.5, 3])
    let softmax = SoftmaxAdvantage(beta: beta)(RewardGroups(rewards)).uniform
    let centred = GroupRelativeAdvantage(scale: .none)(RewardGroups(rewards)).uniform
    // The next term of the series is O(β·R) ≈ 1e-5 relative.
    #expect(isClose(softmax.map { $0 * 4 / beta }, centred, within: 1e-4))
  }

  @Test func theCentredScaleUndoesTheFactor() {
    for beta in [1e-5, 2.0] {
      let plain = SoftmaxAdvantage(beta: beta)(RewardGroups([1, 0, 0.5, 3])).uniform
      let scaled = SoftmaxAdvantage(beta: beta, scale: .centred)(RewardGroups([1, 0, 0.5, 3]))
      #expect(isClose(scaled.uniform, plain.map { $0 * 4 / beta }, within: 1e-12))
    }
  }

  @Test(arguments: [3, 6, 7, 49])
  func equalRewardsGiveExactlyZero(groupSize: Int) {
    let groups = RewardGroups(Array(repeating: 0.3, count: groupSize))
    #expect(SoftmaxAdvantage()(groups).uniform.allSatisfy { $0 == 0 })
  }

  @Test func unscoredCompletionsAndSingletonsGetZero() {
    let advantages = SoftmaxAdvantage()(RewardGroups([1, nil, 0, 0, 0], [4], [nil]))
    let without = SoftmaxAdvantage()(RewardGroups([1, 0, 0, 0])).uniform
    let expected: [Double] = [without[0], 0, without[1], without[2], without[3], 0, 0]
    #expect(advantages.uniform == expected)
    #expect(advantages.metric("groups/singleton") == 1)
    #expect(advantages.metric("groups/unscored") == 1)
    #expect(advantages.metric("rewards/unscored") == 2)
  }
}
