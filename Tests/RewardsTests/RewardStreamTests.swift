import Rewards
import Testing

@Suite struct RewardStreamTests {
  @Test func isTheSumOfWhatWasAdded() {
    var stream = RewardStream()
    stream.add([.init(index: 1, reward: -0.5), .init(index: 0, reward: -0.25)])
    stream.add(2, atEndOf: 2, weight: 0.5)
    #expect(stream.entries == [.init(index: 0, reward: -0.25), .init(index: 1, reward: 0.5)])
    #expect(stream.total == 0.25)
    #expect(stream.dense(tokenCount: 4) == [-0.25, 0.5, 0, 0])
  }

  @Test func severalRewardsOfOneTokenAddUp() {
    var stream = RewardStream()
    stream.add([.init(index: 5, reward: 1), .init(index: 5, reward: 2)], weight: 3)
    #expect(stream.entries == [.init(index: 5, reward: 9)])
    #expect(stream.total == 9)
  }
}
