import Formats
import Testing
import Training

/// Each check on steps that show what it looks for, and on the nearest that do not.
@Suite struct FindingTests {
  private static let setting = ObservedSteps.Setting(
    updatesPerStep: 2, comparesWithinGroups: true, maxCompletionTokens: 16,
    columns: ["question", "answer"])

  /// A step in which all is well, with some metrics changed.
  private static func line(_ step: Int, _ changes: [String: JSON] = [:]) -> JSONObject {
    var line: JSONObject = [
      "step": .integer(step), "loss": 0.1, "grad_norm": 1.5, "skipped_updates": 0, "reward": 0.5,
      "reward_std": 0.5, "frac_reward_zero_std": 0.25, "groups/singleton": 0.0,
      "groups/degenerate": 4.0,
      "rewards/mine/mean": 0.5, "completions/clipped_ratio": 0.1,
    ]
    for (name, value) in changes { line[name] = value }
    return line
  }

  /// A step in which no completion has a score.
  private static func unscored(_ step: Int) -> JSONObject {
    JSONObject(line(step, ["rewards/mine/mean": .null]).entries.filter { $0.key != "reward" })
  }

  private static func findings(
    _ lines: [JSONObject], first: JSONObject? = nil, answers: [(String, String)] = []
  ) -> [Finding] {
    Finding.ofRun(
      ObservedSteps(
        setting, lines: lines, first: first ?? lines.first,
        answers: answers.enumerated().map {
          .init(question: $0, text: $1.0, expected: $1.1)
        }))
  }

  private static func run(_ changes: [String: JSON], steps: Int = 40) -> [JSONObject] {
    (1...steps).map { line($0, changes) }
  }

  @Test func aRunThatLearnsHasNone() {
    #expect(Self.findings(Self.run([:])) == [])
    #expect(Self.findings([]) == [])
  }

  @Test func completionsWithoutAScoreAreFoundWithTheRewardAndTheColumns() throws {
    let found = Self.findings((1...40).map { Self.unscored($0) })
    #expect(found.map(\.name) == ["never_scored"])
    #expect(
      found[0].evidence == "steps 1 to 40: no completion has a score from mine in 40 of 40 steps")
    #expect(found[0].advice.contains("the data's columns are question, answer;"))
    let now = [Self.unscored(1)] + Self.run([:], steps: 3)
    #expect(Self.findings(now) == [])
  }

  @Test func updatesThatOverflowAreFoundWithTheirCause() {
    let skipped: [String: JSON] = [
      "grad_norm": .null, "skipped_updates": 2, "reward": 3e200, "reward_std": 1e200,
    ]
    let found = Self.findings(Self.run(skipped))
    #expect(found.map(\.name) == ["updates_skipped"])
    #expect(
      found[0].evidence
        == "steps 1 to 40: 80 of 80 updates were skipped: the loss or its gradient overflows")
    #expect(found[0].advice.hasPrefix("make the rewards smaller (their mean is 3e+200)"))
    // Advantages divided by a deviation that overflows are zero, and so is the gradient.
    for overflow: [String: JSON] in [["reward_std": .null], ["reward": .null]] {
      let divided = Self.findings(
        Self.run(overflow.merging(["grad_norm": 0.0, "skipped_updates": 2]) { a, _ in a }))
      #expect(divided.map(\.name) == ["updates_skipped"])
      #expect(divided[0].evidence.hasSuffix("80 of 80 updates were skipped: the rewards overflow"))
      #expect(divided[0].advice.hasPrefix("make the rewards smaller"))
    }
    // Skipped for a number that the optimizer cannot hold, with a finite gradient.
    let heavy = Self.findings(Self.run(["grad_norm": 1e30, "skipped_updates": 2]))
    #expect(heavy.map(\.name) == ["updates_skipped"])
    #expect(heavy[0].advice.hasPrefix("lower train.learning_rate"))
    #expect(Self.findings([Self.line(1, skipped)] + Self.run([:], steps: 2)) == [])
  }

  @Test func aSearchThatAlwaysGivesUpIsFoundOverTheRunOnly() {
    let givenUp: [String: JSON] = ["skipped_updates": 2, "trust_region/given_up": 1.0]
    #expect(Self.findings(Self.run(givenUp)).map(\.name) == ["updates_skipped"])
    #expect(Self.findings([Self.line(1, givenUp)]) == [])
  }

  @Test func equalRewardsAreFoundUnlessTheRewardHasRisen() {
    let equal: [String: JSON] = [
      "frac_reward_zero_std": 1.0, "reward": 0.657, "reward_std": 0.475, "grad_norm": 0.0,
      "skipped_updates": 2,
    ]
    let found = Self.findings(Self.run(equal), first: Self.line(1, ["reward": 0.6]))
    #expect(found.map(\.name) == ["equal_rewards"])
    #expect(found[0].evidence.contains("100 % of completions have the same reward"))
    #expect(found[0].evidence.contains("(mean 0.657)"))
    #expect(
      Self.findings(Self.run(equal), first: Self.line(0, ["reward": 0.3, "reward_std": 0.47]))
        == [])
    // One completion for a question has nothing to be equal to.
    var single = equal
    single["groups/singleton"] = 4.0
    #expect(Self.findings(Self.run(single)) == [])
  }

  @Test func oneAnswerToAllQuestionsIsFoundUnlessItIsTheRightOne() {
    func answers(_ texts: [String], _ expected: [String]) -> [(String, String)] {
      Array(zip(texts, expected))
    }
    let steps = Self.run([:])
    let ones = Array(repeating: "1", count: 10)
    let right = ["1", "2", "1", "3", "1", "1", "2", "1", "1", "1"]
    let found = Self.findings(steps, answers: answers(ones, right))
    #expect(found.map(\.name) == ["one_answer"])
    #expect(
      found[0].evidence
        == "steps 21 to 40: 100 % of completions answer \"1\", whatever the question")
    #expect(Self.findings(steps, answers: answers(ones, ones)) == [])
    #expect(Self.findings(steps, answers: answers(right, right)) == [])
    // Texts that look alike are not the same.
    let mixed = (0..<10).map { $0 % 2 == 0 ? "\u{E9}" : "e\u{301}" }
    #expect(Self.findings(steps, answers: answers(mixed, right)) == [])
  }

  @Test func completionsThatAreCutOffAreFoundInTheLastSteps() {
    let cut = Self.run(["completions/clipped_ratio": 0.97])
    let found = Self.findings(cut)
    #expect(found.map(\.name) == ["cut_off"])
    #expect(found[0].evidence == "steps 21 to 40: 97 % of completions were cut off at 16 tokens")
    let mended =
      Self.run(["completions/clipped_ratio": 1.0], steps: 20)
      + (21...40).map { Self.line($0) }
    #expect(Self.findings(mended) == [])
  }

  @Test func aKindIsToldAtTheFirstStepThatShowsItAndNeverAgain() {
    var watch = FindingWatch(Self.setting, first: nil)
    func look(_ step: Int, _ changes: [String: JSON] = [:]) -> [String] {
      watch.findings(in: Self.line(step, changes), answers: []).map(\.evidence)
    }
    #expect(look(1) == [])
    #expect(
      look(2, ["completions/clipped_ratio": 1.0])
        == ["step 2: 100 % of completions were cut off at 16 tokens"])
    #expect(look(3, ["completions/clipped_ratio": 1.0]) == [])
    #expect(
      watch.findings(in: Self.unscored(4), answers: []).map(\.name) == ["never_scored"])
    // A line that has not been written yet holds what the log will call null.
    let overflow: [String: JSON] = ["grad_norm": .number(.infinity), "skipped_updates": 2]
    #expect(
      look(5, overflow) == [
        "step 5: 2 of 2 updates were skipped: the loss or its gradient overflows"
      ])
    // Nearly all groups are alike by chance in a single step.
    #expect(look(5, ["frac_reward_zero_std": 0.97]) == [])
    #expect(look(6, ["frac_reward_zero_std": 1.0, "groups/degenerate": 3.0]) == [])
    #expect(look(7, ["frac_reward_zero_std": 1.0]).count == 1)
  }
}
