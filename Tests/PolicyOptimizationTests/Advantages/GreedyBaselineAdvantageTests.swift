import PolicyOptimization
import Testing

@Suite struct GreedyBaselineAdvantageTests {
  @Test func theGreedyRewardIsTheBaseline() {
    var groups = RewardGroups([1, 0, nil], [0.5], [2, 2], [7])
    groups.greedyRewards = [0.25, 0.5, 1, nil]
    let advantages = GreedyBaselineAdvantage()(groups)
    #expect(advantages.uniform == [0.75, -0.25, 0, 0, 1, 1, 0])
    #expect(advantages.metric("groups/without_greedy") == 1)
  }
}
