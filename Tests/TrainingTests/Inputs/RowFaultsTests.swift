import Datasets
import Formats
import Rewards
import Testing
import Training

@Suite struct RowFaultsTests {
  private func fault(_ lines: [String], _ reward: String, _ options: JSONObject = [:]) throws
    -> String?
  {
    let function = try BuiltInReward.named(reward, options: options)
    let bytes = Array(lines.joined(separator: "\n").utf8)
    do throws(FormatError) {
      let set = try QuestionSet(bytes: bytes, file: "d.jsonl")
      try set.check(for: [function], answer: "answer")
      return nil
    } catch {
      return error.description
    }
  }

  @Test(arguments: ["numeric_match", "gsm8k"])
  func anAnswerThatIsNoNumberIsABadLine(reward: String) throws {
    #expect(
      try fault(
        [#"{"question": "a", "answer": "5"}"#, #"{"question": "b", "answer": "n/a"}"#], reward)
        == "d.jsonl:2: answer: the answer \"n/a\" is not a number; \(reward) uses it")
  }

  @Test func allBadLinesAreNamedUpToTwenty() throws {
    let row = #"{"question": "b", "answer": "n/a"}"#
    let some = try #require(try fault([row, row], "numeric_match"))
    #expect(some.contains("(the first of 2 bad lines)\nd.jsonl:2: "))
    let many = try #require(try fault(Array(repeating: row, count: 50), "numeric_match"))
    #expect(many.contains("(the first of 20 bad lines; the rest was not read)"))
  }

  @Test func aColumnThatNoRowHasIsNamedOnceWithTheKeyThatMendsIt() throws {
    let row = #"{"question": "a", "nums": [1, 2], "target": 3}"#
    #expect(
      try fault([row, row], "countdown")
        == "d.jsonl: numbers: no such column; countdown uses it (got the columns \"question\", "
        + "\"nums\", \"target\"; name the right one with its key numbers:)")
    #expect(try fault([row, row], "countdown", ["numbers": "nums"]) == nil)
  }

  @Test func aColumnOfAnotherKindIsABadLine() throws {
    let rows = [
      #"{"question": "a", "numbers": [1, 2], "target": 3}"#,
      #"{"question": "a", "numbers": "none", "target": 3}"#,
    ]
    let found = try #require(try fault(rows, "countdown"))
    #expect(
      found.hasPrefix("d.jsonl:2: numbers: the column \"numbers\" is not a list of whole numbers;"))
    #expect(
      try fault([#"{"question": "a", "steps": 5}"#, #"{"question": "a"}"#], "step_match") == nil)
    #expect(
      try fault([#"{"question": "a", "steps": [5]}"#], "step_match")?.hasPrefix(
        "d.jsonl:1: steps: got ")
        == true)
  }

  @Test func rewardsThatNeedNothingRefuseNothing() throws {
    for name in ["exact_match", "think_answer_format", "repetition_penalty"] {
      #expect(try fault([#"{"question": "a"}"#], name) == nil)
    }
  }
}
