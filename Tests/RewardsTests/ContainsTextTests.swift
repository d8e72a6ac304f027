import Formats
import Rewards
import Testing

@Suite struct ContainsTextTests {
  @Test(arguments: [
    ("the red fox", "red", 1.0), ("red", "red", 1), ("re", "red", 0), ("", "red", 0),
    ("starting", " art\n", 1), ("Red", "red", 0), ("caf\u{e9}", "e\u{301}", 0), ("aab", "ab", 1),
  ])
  func findsTheTrimmedAnswer(text: String, answer: String, score: Double) throws {
    #expect(try ContainsText().score(text, answer: answer) == score)
  }

  @Test func canIgnoreCaseAndLookForAFixedText() throws {
    let reward = try BuiltInReward.named(
      "contains", options: ["text": "Because ", "ignore_case": true])
    #expect(try reward.score("x, BECAUSE y", answer: nil) == 1)
    #expect(try reward.score("x, BECAUSE", answer: nil) == 0)
    let street = try BuiltInReward.named("contains", options: ["ignore_case": true])
    #expect(try street.score("in der LANGEN STRASSE 5", answer: "lange Straße") == 0)
    #expect(try street.score("in der LANGEN STRASSE 5", answer: "langen Straße") == 1)
  }

  @Test func anEmptyAnswerIsAFailedScore() {
    #expect(throws: ScoreFailure("the answer is empty")) {
      _ = try ContainsText().score("x", answer: " ")
    }
  }
}
