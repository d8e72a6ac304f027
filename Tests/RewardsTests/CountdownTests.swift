import Formats
import Rewards
import Testing

@Suite struct CountdownTests {
  private func score(
    _ text: String, _ numbers: JSON, _ target: JSON, options: JSONObject = ["format_score": 0.25]
  ) throws -> Double? {
    var completion = Completion.of(text)
    completion.columns = ["numbers": numbers, "target": target]
    return try BuiltInReward.named("countdown", options: options).score(completion)
  }

  @Test(arguments: [
    ("(44 - 19) + 35", 1.0), ("35+44-19", 1), ("44−19+35", 1), ("-(19-44)+35", 1), ("(60)", 0),
    // The right numbers, another value.
    ("44+19+35", 0.25), ("44 * 19 / 35", 0.25), ("44/(19-19)", 0),
    // Other numbers, or one too often.
    ("44+16", 0), ("44 - 19 + 35 + 35 - 35", 0), ("44-19", 0),
    // No expressions.
    ("", 0), ("44 - 19 + 35 = 60", 0), ("44 19 35", 0), ("(44-19+35", 0), ("44-19+35)", 0),
    ("4419+35", 0), ("44 - 19 ++ 35", 0), ("1e1", 0), ("x", 0),
  ])
  func numbersAndTargetMustBeMet(text: String, expected: Double) throws {
    #expect(try score(text, [44, 19, 35], 60) == expected)
  }

  @Test func cellsOfATableHoldThemAsJSON() throws {
    #expect(try score("44 - 19", "[19, 44]", "25") == 1)
    #expect(try !BuiltInReward.named("countdown").needsAnswer)
  }

  @Test func valuesAreExact() throws {
    // In floating point, 1/3 + 1/3 + 1/3 need not be 1; here 8/(3 − 8/3) is 24.
    #expect(try score("8 / (3 - 8 / 3)", [3, 3, 8, 8], 24) == 1)
    #expect(try score("1/(2-2)", [1, 2, 2], 0) == 0.25)
    let huge = Array(repeating: 999_999_999_999_999_999, count: 3)
    let product = huge.map(String.init).joined(separator: "*")
    #expect(try score(product, .array(huge.map { .integer($0) }), 1) == 0.25)
  }

  @Test func noNumberIsTooLargeToBeCompared() throws {
    // A denominator near 2⁶², whose decimals are asked for where answers vote.
    var completion = Completion.of("1/2147483648/2147483648")
    completion.columns = ["numbers": [1, 2_147_483_648, 2_147_483_648], "target": 1]
    #expect(try Countdown(formatScore: 0.25).score(completion) == 0.25)
    let power = try #require(WrittenNumber("2.1684043449710088680149056017398834228515625e-19"))
    #expect(Countdown().answer(of: completion)?.canonical == power.canonical)
    #expect(try score("1", [1], .integer(.min)) == 0.25)
    #expect(try score("1", [1], .integer(.max)) == 0.25)
    #expect(throws: ScoreFailure("the column \"target\" is not a whole number")) {
      _ = try score("1", [1], .numeral("9223372036854775808"))
    }
  }

  @Test func wholeNumbersMayBeWrittenAsDecimals() throws {
    #expect(try score("44 - 19", [.number(19), .numeral("44.0")], .number(25)) == 1)
    #expect(try score("44 - 19", "[19.0, 44.0]", "25.0") == 1)
    #expect(throws: ScoreFailure.self) { _ = try score("1", [1], .number(25.5)) }
  }

  @Test func depthAndLengthAreBounded() throws {
    let nested = String(repeating: "(", count: 400) + "1" + String(repeating: ")", count: 400)
    #expect(try score(nested, [1], 1) == 0)
    let minuses = String(repeating: "-", count: 900) + "1"
    #expect(try score(minuses, [1], 1) == 0)
    let long = Array(repeating: "1", count: 600).joined(separator: "+")
    #expect(try score(long, .array(Array(repeating: 1, count: 600)), 600) == 0)
  }

  @Test func theAnswerTagCanBeRead() throws {
    let text = "<think>8*3</think><answer> 3 * 8 </answer>"
    #expect(try score(text, [3, 8], 24, options: ["extract": "answer_tag"]) == 1)
    #expect(try score("3*8", [3, 8], 24, options: ["extract": "answer_tag"]) == 0)
  }

  @Test func aRowWithoutItsColumnsIsAFailedScore() {
    #expect(throws: ScoreFailure("the column \"numbers\" is not a list of whole numbers")) {
      _ = try score("1", ["1"], 1)
    }
    #expect(throws: ScoreFailure("the column \"target\" is not a whole number")) {
      _ = try score("1", [1], .null)
    }
  }
}
