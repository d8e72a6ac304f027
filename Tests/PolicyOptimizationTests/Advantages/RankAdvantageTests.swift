import PolicyOptimization
import Testing

@Suite struct RankAdvantageTests {
  private static let third = 1.0 / 3
  static let golden: [(rewards: [Double], advantages: [Double])] = [
    ([3, 1, 2], [1, -1, 0]),
    ([1, 0, 0, 0], [1, -third, -third, -third]),  // ranks 4 and 2, 2, 2
    ([5, 5, 1, 1], [2 * third, 2 * third, -2 * third, -2 * third]),  // ranks 3.5 and 1.5
    ([0, 1], [-1, 1]),
  ]

  @Test(arguments: golden)
  func tiesShareTheirMeanRank(rewards: [Double], expected: [Double]) {
    #expect(isClose(RankAdvantage()(RewardGroups(rewards)).uniform, expected, within: 1e-15))
  }

  @Test func onlyTheOrderCounts() {
    let plain = RankAdvantage()(RewardGroups([0.1, 5, -3, 0.1])).uniform
    #expect(RankAdvantage()(RewardGroups([10, 1e9, -1e9, 10])).uniform == plain)
  }

  @Test func uninformativeGroupsGetExactlyZero() {
    let advantages = RankAdvantage()(RewardGroups([0.3, 0.3], [7], [nil, 2], [nil], []))
    #expect(advantages.uniform == [0, 0, 0, 0, 0, 0])
    #expect(advantages.metric("groups/degenerate") == 1)
    #expect(advantages.metric("groups/singleton") == 2)
  }

  @Test func anUnscoredCompletionHasNoRank() {
    #expect(RankAdvantage()(RewardGroups([1, nil, 2, 3])).uniform == [-1, 0, 0, 1])
  }
}
