import Formats
import Rewards
import Testing

@Suite struct GSM8KAnswerTests {
  // What verl's compute_score(text, "1234", method="strict") says of each.
  @Test(arguments: [
    ("so #### 1234", 1.0), ("#### 1,234", 1), ("#### 1234 apples", 1), ("####1234", 0),
    ("#### $1234", 0), ("#### 99\n#### 1234", 1), ("#### 1234\n#### 99", 0), ("#### 1234.", 0),
    ("#### 1234.0", 0), ("#### -1234", 0), ("1234", 0), ("", 0), ("#### ", 0), ("#### -", 0),
    ("#### x #### 1234", 1), ("##### 1234", 1), ("####  1234", 0), ("#### 1234 ####", 1),
  ])
  func takesTheLastMarkedNumber(text: String, score: Double) throws {
    #expect(try GSM8KAnswer().score(text, answer: "1234") == score)
  }

  @Test(arguments: ["1234", " 1,234 ", "$1,234", "2 * 617 = 1234\n#### 1,234"])
  func readsAnswersAsNumbersAndAsSolutions(answer: String) throws {
    #expect(try GSM8KAnswer().score("#### 1234", answer: answer) == 1)
  }

  @Test func looksAtTheLast300CharactersOnly() throws {
    let mark = "#### 1234"
    #expect(
      try GSM8KAnswer().score(mark + String(repeating: "\u{1f600}", count: 291), answer: "1234")
        == 1)
    #expect(
      try GSM8KAnswer().score(mark + String(repeating: "x", count: 292), answer: "1234") == 0)
  }

  @Test func anotherNumberCanEarnTheFormatScore() throws {
    let reward = try BuiltInReward.named("gsm8k", options: ["format_score": 0.1])
    #expect(try reward.score("#### 5", answer: "6") == 0.1)
    #expect(try reward.score("5", answer: "6") == 0)
  }
}
