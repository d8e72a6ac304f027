import Formats
import Rewards
import Testing

@Suite struct RepetitionPenaltyTests {
  /// - Parameter distinct: how many of the `of` trigrams differ.
  @Test(arguments: [
    ("", 0, 0), ("one", 0, 0), ("one two", 0, 0), ("one two three", 1, 1), ("a a a a", 1, 2),
    ("a A a a a", 1, 3), ("1 2 3 1 2 3 1 2 3", 3, 7), ("a b c d e f", 4, 4),
  ])
  func distinctTrigramsOfAll(text: String, distinct: Int, of count: Int) throws {
    let found = try #require(try RepetitionPenalty().score(text, answer: nil))
    let score = count == 0 ? 0 : -(1 - Double(distinct) / Double(count))
    #expect(found == score)
  }

  @Test func optionsAreRead() throws {
    let reward = try BuiltInReward.named(
      "repetition_penalty", options: ["ngram_size": 1, "max_penalty": -2])
    #expect(try reward.score("a a b b", answer: nil) == -1)
  }

  @Test func wordsAreToldByTheirBytes() throws {
    // One scalar, and two that look the same.
    #expect(try RepetitionPenalty(size: 1).score("é e\u{301}", answer: nil) == 0)
  }
}
