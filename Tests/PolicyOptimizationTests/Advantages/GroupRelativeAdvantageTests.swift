import PolicyOptimization
import Testing

@Suite struct GroupRelativeAdvantageTests {
  // mean and ddof-1 deviation by hand: [1,0,0,0]: m = ¼, s = √(¾/3) = ½, so 0.75/0.5001 and
  // −0.25/0.5001. [1,1,0,0]: m = ½, s = √(1/3), ±0.5/0.577450269. [1,1,1,0] mirrors the first.
  // [.1,.9,.5,.5]: m = ½, s = √(0.32/3) = 0.326598632, ∓0.4/0.326698632.
  @Test(arguments: [
    ([1.0, 0, 0, 0], [1.499_700_06, -0.499_900_02, -0.499_900_02, -0.499_900_02]),
    ([1, 1, 0, 0], [0.865_875_43, 0.865_875_43, -0.865_875_43, -0.865_875_43]),
    ([1, 1, 1, 0], [0.499_900_02, 0.499_900_02, 0.499_900_02, -1.499_700_06]),
    ([0.1, 0.9, 0.5, 0.5], [-1.224_369_99, 1.224_369_99, 0, 0]),
  ])
  func matchesHandComputedValues(rewards: [Double], expected: [Double]) {
    let advantages = GroupRelativeAdvantage()(RewardGroups(rewards)).uniform
    #expect(isClose(advantages, expected, within: 1e-7))
  }

  @Test(arguments: [
    ([1.0, 0, 0, 0], [0.75, -0.25, -0.25, -0.25]),
    ([0.1, 0.9, 0.5, 0.5], [-0.4, 0.4, 0, 0]),
  ])
  func withoutScaleOnlyTheMeanIsSubtracted(rewards: [Double], expected: [Double]) {
    let advantages = GroupRelativeAdvantage(scale: .none)(RewardGroups(rewards)).uniform
    #expect(isClose(advantages, expected, within: 1e-15))
  }

  // Means ½ and 2; all: 1, 0, 0, 4, 2, 0 has mean 7/6 and s = √(21 − 49/6)/√5.
  @Test func theBatchDeviationIsThatOfTheWholeStep() {
    let groups = RewardGroups([1, 0, nil], [0, 4, 2], [0])
    let advantages = GroupRelativeAdvantage(scale: .batchStandardDeviation)(groups).uniform
    let s = ((21.0 - 49.0 / 6) / 5).squareRoot() + 1e-4
    let expected = [0.5, -0.5, 0, -2, 2, 0, 0].map { $0 / s }
    #expect(isClose(advantages, expected, within: 1e-15))
  }

  /// The mean of these rewards is off by an ulp, which ε alone would turn into a signal.
  @Test(arguments: [0.1, 0.2, 0.3, 0.7, 1.1, -0.3, 0, 1e6 / 3], [2, 3, 6, 7, 10, 16])
  func equalRewardsGiveExactlyZero(reward: Double, groupSize: Int) {
    let groups = RewardGroups(Array(repeating: reward, count: groupSize))
    for scale in GroupRelativeAdvantage.Scale.allCases {
      let advantages = GroupRelativeAdvantage(scale: scale)(groups)
      #expect(advantages.uniform.allSatisfy { $0 == 0 })
      #expect(advantages.metric("groups/degenerate") == 1)
      #expect(advantages.metric("frac_reward_zero_std") == 1)
    }
  }

  @Test func aSpreadOfOneUlpIsNotDegenerate() {
    let advantages = GroupRelativeAdvantage()(RewardGroups([0.3, 0.3, (0.3).nextUp]))
    #expect(advantages.metric("groups/degenerate") == 0)
    #expect(advantages.uniform != [0, 0, 0])
  }

  /// Two passes keep the digits that Σx² − n·m² would lose.
  @Test func aLargeOffsetDoesNotChangeTheAdvantages() {
    let plain = GroupRelativeAdvantage()(RewardGroups([1, 0, 0, 3])).uniform
    let shifted = GroupRelativeAdvantage()(RewardGroups([1e9 + 1, 1e9, 1e9, 1e9 + 3])).uniform
    #expect(isClose(plain, shifted, within: 1e-12))
  }

  @Test func aSingletonGetsZeroAndIsCounted() {
    let advantages = GroupRelativeAdvantage()(RewardGroups([0.7], [1, 0], [nil, 5]))
    #expect(advantages.uniform[0] == 0)
    #expect(advantages.uniform[3...] == [0, 0])
    #expect(advantages.metric("groups/singleton") == 2)
    #expect(advantages.metric("groups/degenerate") == 0)
  }

  @Test func anUnscoredCompletionLeavesItsGroup() {
    let without = GroupRelativeAdvantage()(RewardGroups([1, 0, 0, 0])).uniform
    let with = GroupRelativeAdvantage()(RewardGroups([1, nil, 0, 0, nil, 0])).uniform
    #expect(with == [without[0], 0, without[1], without[2], 0, without[3]])
  }

  @Test func groupsAreIndependentOfEachOther() {
    let alone = GroupRelativeAdvantage()(RewardGroups([1, 0, 0])).uniform
    let together = GroupRelativeAdvantage()(RewardGroups([5, 9], [1, 0, 0], [])).uniform
    #expect(Array(together[2...]) == alone)
  }

  @Test(arguments: [[1.0, 0, 0.3, 2], [-5, 5, 0.25], [1e-3, 2e-3]])
  func advantagesSumToZero(rewards: [Double]) {
    for scale in GroupRelativeAdvantage.Scale.allCases {
      let sum = GroupRelativeAdvantage(scale: scale)(RewardGroups(rewards)).uniform.reduce(0, +)
      // A few ulps of the terms, which are at most 7.
      #expect(abs(sum) < 1e-14)
    }
  }
}
