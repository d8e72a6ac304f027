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
    ("#### 29 = 29", 1), ("#### 29 =", 1), ("#### = 29", 1), ("#### **= $29**", 1),
    // Another number, or none.
    ("#### -29", 0.1), ("#### \u{2212}29", 0.1), ("#### 2.9", 0.1), ("#### 29\n#### 30", 0.1),
    ("#### 290", 0.1), ("#### 28 or 29", 0.1), ("#### 24 + 5", 0), ("#### 29 - 3", 0),
    ("#### 29-30", 0), ("#### 29 x 2", 0), ("#### 29e1", 0.1),
    ("29", 0), ("", 0), ("#### ", 0), ("### 29", 0), ("#### v29", 0), ("#### 12:29", 0),
    ("#### I said 28, then 29", 0), ("#### none\n29", 0),
  ])
  func theNumberBehindTheLastMarkIsTheAnswer(text: String, score: Double) throws {
    let reward = try BuiltInReward.named("gsm8k", options: ["format_score": 0.1])
    #expect(try reward.score(text, answer: "29") == score)
  }

  /// What the line begins with counts, unless more is reckoned with it.
  @Test(arguments: [
    ("29 (= 30 - 1)", "29" as String?), ("7 = 3 + 4", "7"), ("8 because x=3", "8"),
    ("29 <= 30", "29"), ("60 km/h = 1 km/min", "60"), ("29 != 30", "29"), ("3 1/2 = 3.5", "3 1/2"),
    ("3 + 4 = 7", "7"), ("$10 - $3 = $7", "$7"), ("2 apples + 3 apples = 5 apples", "5"),
    ("3 x 4 = 12", "12"), ("3 \\times 4 = 12", "12"), ("x = 29", "29"), ("-5 = 5 - 10", "-5"),
    ("- 5", "- 5"), ("5 to 10", "5"), ("Total = $29.00 per day = 29", "29"), ("1 234", "1 234"),
    ("12,34,567", "12,34,567"), ("10**3", "10**3"), ("Answer: 29", "29"),
    ("50% of 36 = 18", "18"), ("1/2 of 36 = 18", "18"), ("2 dozen eggs = 24 eggs", "24"),
    ("16 minus 7 = 9", "9"), ("5 hours 30 minutes = 330 minutes", "330"),
    ("9 * 2 = 18 (since 16 - 7 = 9)", "18"),
    ("= 18 + 4", nil), ("x = 3 + 4", nil), ("y = x + 4", nil), ("x > 4", nil), ("not 4", nil),
    ("16 minus 7", nil), ("18 and a half", nil), ("5 because x=3 and y=2", "5"),
    ("The total is 5 because x = 3", "5"), ("\\(3 + 4 = 7\\)", "7"), ("(3 + 4 = 7)", "7"),
    ("<18>", "18"), ("18\\n", "18"), ("18 cm^2", "18"), ("2x = 18", "18"), ("5m = 500 cm", "5"),
    ("18 apples, 3 pears", "18"), ("Tom has 18 apples and Ann 3", nil),
    ("The 2 answers are 29", nil),
    ("2024-05-06", nil), ("10 - 3", nil), ("5+5", nil), ("(3)/(4)", nil), ("3√2", nil),
    ("\\sqrt{9}", nil), ("1,000,00", nil),
  ])
  func theLineStatesOneNumber(line: String, number: String?) {
    #expect(GSM8KAnswer().answer(of: .of("#### " + line))?.text == number)
  }

  @Test(arguments: [
    "29", "29.0", "$29", " 29 ", "2 * 14.5 = <<2*14.5=29>>29\n#### 29", "#### $29.00", "29 apples",
  ])
  func readsAnswersAsNumbersAndAsSolutions(answer: String) throws {
    #expect(try GSM8KAnswer().score("#### 29", answer: answer) == 1)
  }

  @Test func anAnswerThatIsNoNumberIsAFailedScore() throws {
    #expect(throws: ScoreFailure("the answer \"four\" is not a number")) {
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
