import Formats
import Rewards
import Testing

@Suite struct RegularExpressionMatchTests {
  private func score(_ text: String, _ options: JSONObject) throws -> Double? {
    try BuiltInReward.named("regex", options: options).score(text, answer: nil)
  }

  @Test(arguments: [
    ("\\d+", "x12y", 1.0), ("^\\d+$", "x12y", 0), ("b", "ABC", 0), ("(?i)b", "ABC", 1),
    ("a.c", "a\nc", 0), ("(?s)a.c", "a\nc", 1), ("x*", "", 1), ("x", "", 0),
    ("^<think>(?!.*<think>)", "<think>a", 1), ("(ab)\\1", "abab", 1),
    ("\u{e9}", "e\u{301}", 0), ("^.$", "\u{1f600}", 1),
  ])
  func searchesTheWholeCompletion(pattern: String, text: String, score: Double) throws {
    #expect(try self.score(text, ["pattern": .string(pattern)]) == score)
  }

  @Test(arguments: [
    ("a|ab", "ab", 1.0), ("a|ab", "abc", 0), ("\\d+", "12", 1), ("\\d+", "12\n", 0),
    ("\\d+", " 12", 0), ("a\nb|c", "c", 1),
  ])
  func wholeMatchesFromStartToEnd(pattern: String, text: String, score: Double) throws {
    #expect(try self.score(text, ["pattern": .string(pattern), "match": "whole"]) == score)
  }

  @Test func canIgnoreCase() throws {
    #expect(try score("ABC", ["pattern": "b", "ignore_case": true]) == 1)
    #expect(try score("ΟΔΟΣ", ["pattern": "οδος", "ignore_case": true]) == 1)
    #expect(try score("STRASSE", ["pattern": "straße", "ignore_case": true]) == 1)
    #expect(try score("STRASSE", ["pattern": "stra[ß]e", "ignore_case": true]) == 0)
    #expect(try score("straße", ["pattern": "STRASSE", "ignore_case": true]) == 1)
    #expect(try score("\u{17F}", ["pattern": "s", "ignore_case": true]) == 1)
  }

  @Test(arguments: ["", "(a", "a)|(b", "[", "*", "a{2,1}", "(?<n>a)(?<n>b)"])
  func aBadPatternIsRefusedWhenTheRecipeIsRead(pattern: String) {
    for mode in ["search", "whole"] {
      #expect(throws: RewardError.self) {
        _ = try BuiltInReward.named(
          "regex", options: ["pattern": .string(pattern), "match": .string(mode)])
      }
    }
  }

  @Test func catastrophicBacktrackingIsAFailedScore() {
    let text = String(repeating: "a", count: 64) + "b"
    #expect(throws: ScoreFailure.self) { _ = try score(text, ["pattern": "^(a+)+$"]) }
  }

  @Test func aTextBeyondTheLimitIsAFailedScore() throws {
    let longest = String(repeating: "a", count: 16_384)
    #expect(try score(longest, ["pattern": "a$"]) == 1)
    #expect {
      _ = try score(longest + "a", ["pattern": "a$"])
    } throws: {
      String(describing: $0)
        == "the completion is too long for a regular expression (16385 UTF-16 units; "
        + "at most 16384)"
    }
  }

  @Test func aGroupRepeatedToTheLimitIsStillMatched() throws {
    // The engine's own stack would give out near 400,000 repetitions, as no match.
    let text = String(repeating: "ab", count: 8191) + "c"
    #expect(try score(text, ["pattern": "^(?:(a)|(b))*c$"]) == 1)
  }
}
