import Formats
import Rewards
import Testing

@Suite struct GSM8KAnswerTests {
  @Test(arguments: [
    // A number is right however it is written.
    ("so #### 29", 1.0), ("#### 29.00", 1), ("#### 29.", 1), ("#### $29", 1), ("####29", 1),
    ("#### **29**", 1), ("#### $\\boxed{29}$", 1), ("#### 29%", 1), ("#### 29 dollars", 1),
    ("#### 29kg.", 1), ("**#### 29**", 1), ("#### +29", 1), ("#### 58/2", 1), ("####\n29", 1),
    ("#### The answer is 29.", 1), ("#### 5 + 24 = 29", 1), ("#### 29 (of 30)", 1),
    ("##### 29", 1), ("#### 30\n#### 29", 1), ("#### 29 ####", 1), ("#### 29\n3 more", 1),
    ("#### 29 = 29", 1), ("#### 29 =", 1),
    // Another number, or none.
    ("#### -29", 0.1), ("#### \u{2212}29", 0.1), ("#### 2.9", 0.1), ("#### 29\n#### 30", 0.1),
    ("#### 290", 0.1), ("#### 28 or 29", 0.1), ("#### 24 + 5", 0.1), ("#### 29e1", 0.1),
    ("29", 0), ("", 0), ("#### ", 0), ("### 29", 0), ("#### v29", 0), ("#### 12:29", 0),
    ("#### I said 28, then 29", 0), ("#### none\n29", 0),
  ])
  func theNumberBehindTheLastMarkIsTheAnswer(text: String, score: Double) throws {
    let reward = try BuiltInReward.named("gsm8k", options: ["format_score": 0.1])
    #expect(try reward.score(text, answer: "29") == score)
  }

  @Test(arguments: [
    "29", "29.0", "$29", " 29 ", "2 * 14.5 = <<2*14.5=29>>29\n#### 29", "#### $29.00", "29 apples",
  ])
  func readsAnswersAsNumbersAndAsSolutions(answer: String) throws {
    #expect(try GSM8KAnswer().score("#### 29", answer: answer) == 1)
  }

  @Test func anAnswerThatIsNoNumberIsAFailedScore() throws {
    #expect(throws: ScoreFailure("the answer \"four\" is no number")) {
      _ = try GSM8KAnswer().score("#### 4", answer: "four")
    }
    #expect(try GSM8KAnswer(style: .verl).score("#### 4", answer: "four") == 0)
  }

  @Test func manyMarksAreReadOnce() throws {
    let marks = String(repeating: "####\n", count: 20_000)
    #expect(try GSM8KAnswer().score("#### 29\n" + marks, answer: "29") == 1)
  }

  // What verl's compute_score(text, "1234", method="strict") says of each.
  @Test(arguments: [
    ("so #### 1234", 1.0), ("#### 1,234", 1), ("#### 1234 apples", 1), ("####1234", 0),
    ("#### $1234", 0), ("#### 99\n#### 1234", 1), ("#### 1234\n#### 99", 0), ("#### 1234.", 0),
    ("#### 1234.0", 0), ("#### -1234", 0), ("1234", 0), ("", 0), ("#### ", 0), ("#### -", 0),
    ("#### x #### 1234", 1), ("##### 1234", 1), ("####  1234", 0), ("#### 1234 ####", 1),
  ])
  func verlsStyleTakesTheLastMarkedNumberAsText(text: String, score: Double) throws {
    let reward = try BuiltInReward.named("gsm8k", options: ["style": "verl"])
    #expect(try reward.score(text, answer: "1234") == score)
  }

  @Test(arguments: ["1234", " 1,234 ", "$1,234", "2 * 617 = 1234\n#### 1,234"])
  func verlsStyleReadsAnswersWithSeparatorsAndSolutions(answer: String) throws {
    #expect(try GSM8KAnswer(style: .verl).score("#### 1234", answer: answer) == 1)
  }

  @Test func verlsStyleLooksAtTheLast300CharactersOnly() throws {
    let mark = "#### 1234"
    let reward = GSM8KAnswer(style: .verl)
    #expect(
      try reward.score(mark + String(repeating: "\u{1f600}", count: 291), answer: "1234") == 1)
    let long = mark + "\n" + String(repeating: "x", count: 291)
    #expect(try reward.score(long, answer: "1234") == 0)
    #expect(try GSM8KAnswer().score(long, answer: "1234") == 1)
  }

  @Test(arguments: ["number", "verl"])
  func anotherNumberCanEarnTheFormatScore(style: String) throws {
    let reward = try BuiltInReward.named(
      "gsm8k", options: ["format_score": 0.1, "style": .string(style)])
    #expect(try reward.score("#### 5", answer: "6") == 0.1)
    #expect(try reward.score("5", answer: "6") == 0)
  }
}
