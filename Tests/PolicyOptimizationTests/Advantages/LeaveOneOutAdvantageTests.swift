import PolicyOptimization
import Testing

@Suite struct LeaveOneOutAdvantageTests {
  // [.1,.9,.5,.5]: .1 − 1.9/3 = −.533333.
  private static let third = 1.0 / 3
  static let golden: [(rewards: [Double], advantages: [Double])] = [
    ([1, 0, 0, 0], [1, -third, -third, -third]),
    ([1, 1, 0, 0], [2 * third, 2 * third, -2 * third, -2 * third]),
    ([1, 1, 1, 0], [third, third, third, -1]),
    ([0.1, 0.9, 0.5, 0.5], [-1.6 * third, 1.6 * third, 0, 0]),
  ]

  @Test(arguments: golden)
  func theBaselineIsTheMeanOfTheOthers(rewards: [Double], expected: [Double]) {
    let advantages = LeaveOneOutAdvantage()(RewardGroups(rewards)).uniform
    #expect(isClose(advantages, expected, within: 1e-15))
  }

  @Test func uninformativeGroupsGetExactlyZero() {
    let advantages = LeaveOneOutAdvantage()(RewardGroups([0.3, 0.3, 0.3], [7], [nil, 2]))
    #expect(advantages.uniform == [0, 0, 0, 0, 0, 0])
    let without = LeaveOneOutAdvantage()(RewardGroups([1, nil, 0]))
    #expect(without.uniform == [1, 0, -1])
  }
}
