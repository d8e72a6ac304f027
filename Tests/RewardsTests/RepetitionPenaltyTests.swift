import Formats
import Rewards
import Testing

@Suite struct RepetitionPenaltyTests {
  private func completion(_ tokens: [Int]) -> Completion {
    Completion(prompt: "", text: "", tokenIDs: tokens, finishReason: .stop)
  }

  /// - Parameter distinct: how many of the `of` trigrams differ.
  @Test(arguments: [
    ([], 0, 0), ([1], 0, 0), ([1, 2], 0, 0), ([1, 2, 3], 1, 1), ([1, 1, 1, 1], 1, 2),
    ([1, 1, 1, 1, 1], 1, 3), ([1, 2, 3, 1, 2, 3, 1, 2, 3], 3, 7), ([1, 2, 3, 4, 5, 6], 4, 4),
  ])
  func distinctTrigramsOfAll(tokens: [Int], distinct: Int, of count: Int) throws {
    let found = try #require(try RepetitionPenalty().score(completion(tokens)))
    let score = count == 0 ? 0 : -(1 - Double(distinct) / Double(count))
    #expect(found == score)
  }

  /// The example of TRL's documentation.
  @Test func optionsAreRead() throws {
    let reward = try BuiltInReward.named(
      "repetition_penalty", options: ["ngram_size": 2, "max_penalty": -1])
    #expect(try reward.score(completion([1, 2, 3, 4])) == 0)
    #expect(try reward.score(completion([5, 5, 5, 5, 5])) == -0.75)
  }
}
