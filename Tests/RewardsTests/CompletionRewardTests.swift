import Rewards
import Testing

@Suite struct CompletionRewardTests {
  @Test func isTheSumOfWhatWasAdded() {
    var reward = CompletionReward()
    reward.add([.init(index: 1, reward: -0.5), .init(index: 0, reward: -0.25)])
    reward.add(2, atEndOf: 2, weight: 0.5)
    #expect(reward.entries == [.init(index: 0, reward: -0.25), .init(index: 1, reward: 0.5)])
    #expect(reward.total == 0.25)
  }

  @Test func severalRewardsOfOneTokenAddUp() {
    var reward = CompletionReward()
    reward.add([.init(index: 5, reward: 1), .init(index: 5, reward: 2)], weight: 3)
    #expect(reward.entries == [.init(index: 5, reward: 9)])
    #expect(reward.total == 9)
  }
}
