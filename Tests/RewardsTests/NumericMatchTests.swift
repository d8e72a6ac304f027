import Formats
import Rewards
import Testing

@Suite struct NumericMatchTests {
  @Test(arguments: [
    ("42", "42", 1.0), (" 42 ", "42", 1), ("+42", "42", 1), ("42.0", "42", 1), ("042", "42", 1),
    ("4.2e1", "42", 1), ("420E-1", "42", 1), ("-42", "\u{2212}42", 1), ("-42", "42", 0),
    ("1,234,567", "1234567", 1), (".5", "0.5", 1), ("0.1", ".10", 1), ("-0", "0", 1),
    ("9007199254740993", "9007199254740992", 0), ("0.1", "0.1000000000000000000001", 0),
    ("5.", "5", 1), ("$5", "5", 1), ("5%", "5", 1), ("42 apples", "42", 1), ("**42**", "42", 1),
    ("42", "$42.00", 1), ("3/4", "0.75", 1), ("42 of them", "42", 1), ("So, 42.", "42 in all", 1),
    // No numbers.
    ("1,23", "123", 0), ("1234,567", "1234567", 0), ("1,2345", "12345", 0), ("", "0", 0),
    ("-", "0", 0), (".", "0", 0), ("e5", "0", 0), ("5 0", "50", 0), ("0x10", "16", 0),
    ("nan", "0", 0), ("inf", "0", 0), ("٤", "4", 0), ("42 or so", "42", 0),
    ("1e0000001", "10", 0), ("--4", "4", 0), ("+-4", "4", 0),
  ])
  func numbersAreEqualWhenTheirValuesAre(text: String, answer: String, score: Double) throws {
    #expect(try NumericMatch().score(text, answer: answer) == score)
  }

  @Test(arguments: [
    ("42.05", 1.0), ("41.95", 1), ("42.2", 0), ("1e400", 0), ("-42", 0), ("x", 0),
  ])
  func withinToleranceIsAMatch(text: String, score: Double) throws {
    let reward = try BuiltInReward.named("numeric_match", options: ["tolerance": 0.1])
    #expect(try reward.score(text, answer: "42") == score)
  }

  /// The tolerance is the decimal that is written, and nothing is rounded.
  @Test(arguments: [
    ("0.01", "1.01", "1", 1.0), ("0.01", "0.31", "0.3", 1), ("0.01", "0.29", "0.3", 1),
    ("0.01", "3.15", "3.14", 1), ("0.1", "1.1", "1", 1), ("0.1", "0.4", "0.3", 1),
    ("0.1", "-1", "-1.1", 1), ("0.05", "1.95", "2", 1), ("0.05", "1.9499999999999999999", "2", 0),
    ("1e-2", "1.01", "1", 1), ("0.010", "1.01", "1", 1), ("0.01", "1.0100000000000000001", "1", 0),
    ("0.1", "-0.05", "0.05", 1), ("0.1", "-0.05", "0.06", 0), ("0.1", "0.1", "0", 1),
    ("0.01", "9007199254740993", "9007199254740992", 0),
    ("1", "9007199254740993", "9007199254740992", 1),
    ("0.01", "12193263113702179522496385", "12193263113702179522496386", 0),
    // Fractions.
    ("0.01", "0.33", "1/3", 1), ("0.01", "0.323", "1/3", 0), ("0.01", "0.34", "1/3", 1),
    ("0.01", "33/100", "1/3", 1), ("0.1", "1/3", "7/30", 1), ("0.1", "-1/3", "-7/30", 1),
    ("0.2", "1/6", "-1/30", 1), ("0.2", "1/6", "-1/29", 0),
    ("3.00", "10000000000000003/7", "10000000000000024/7", 1),
    ("2.999", "10000000000000003/7", "10000000000000024/7", 0),
    // Powers of ten far apart.
    ("1", "1e400", "2e400", 0), ("1", "1e400", "10e399", 1), ("1e308", "1e999999", "1e999998", 0),
    ("1", "1", "1e-999999", 1), ("1", "1", "-1e-999999", 0), ("1", "1e-999999", "-1e-999999", 1),
    ("5e-324", "1e-400", "0", 1), ("1e-400", "1e-400", "0", 1), ("1e-401", "1e-400", "0", 0),
  ])
  func differencesAreExact(tolerance: String, text: String, answer: String, score: Double) throws {
    let option = try JSON(parsing: Array(tolerance.utf8), file: "")
    let reward = try BuiltInReward.named("numeric_match", options: ["tolerance": option])
    #expect(try reward.score(text, answer: answer) == score)
    #expect(try reward.score(answer, answer: text) == score)
    // In Swift, where the tolerance is a Double.
    guard let value = Double(tolerance), value > 0 else { return }
    #expect(try NumericMatch(tolerance: value).score(text, answer: answer) == score)
  }

  @Test(arguments: [
    ("The sum is 42.", 1.0), ("3 + 39 = 42", 1), ("42, I think", 1), ("first 41 then 42!", 1),
    ("42 or 43", 0), ("42 or 43kg", 0), ("v42", 0), ("42, not v2", 0), ("42nd", 1), ("42kg", 1),
    ("4.2.42", 0), ("6*7=42", 1), ("84-42", 1), ("x=+42", 1), ("it is -42", 0), ("(42)", 1),
    ("41,42", 1), ("none", 0), ("", 0), ("_42_", 1), ("é42", 0), ("42%", 1), ("$42", 1),
    ("4.2e1", 1), ("84/2", 1), ("at 12:42", 0),
  ])
  func canTakeTheLastNumber(text: String, score: Double) throws {
    let reward = try BuiltInReward.named("numeric_match", options: ["extract": "last_number"])
    #expect(try reward.score(text, answer: "42") == score)
  }

  @Test func answersBeyondSixtyFourBitsAreComparedDigitByDigit() throws {
    let answer = "12193263113702179522496385"
    let reward = NumericMatch(extraction: .lastNumber)
    #expect(try reward.score("so 12,193,263,113,702,179,522,496,385.", answer: answer) == 1)
    #expect(try reward.score("so 12193263113702179522496384", answer: answer) == 0)
    #expect(try reward.score("so 1.219326311370218e+25", answer: answer) == 0)
  }

  @Test func anAnswerThatIsNoNumberIsAFailedScore() {
    #expect(throws: ScoreFailure("the answer \"four\" is not a number")) {
      _ = try NumericMatch().score("4", answer: "four")
    }
  }

  @Test func hugeTextsAreNoNumbersAndQuick() throws {
    let digits = String(repeating: "1", count: 1_000_000)
    #expect(try NumericMatch().score(digits, answer: "1") == 0)
    #expect(try NumericMatch(extraction: .lastNumber).score(digits, answer: "1") == 0)
    let commas = String(repeating: "1,", count: 20_000)
    #expect(try NumericMatch(extraction: .lastNumber).score(commas, answer: "1") == 1)
  }
}
