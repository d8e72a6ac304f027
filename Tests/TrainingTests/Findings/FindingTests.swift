import Evaluation
import Formats
import Recipes
import Testing
import Training

/// Each check on steps that show what it looks for, and on the nearest that do not.
@Suite struct FindingTests {
  private static let setting = ObservedSteps.Setting(
    updatesPerStep: 2, completionsPerStep: 32, comparesWithinGroups: true, maxCompletionTokens: 16,
    columns: ["question", "answer"], rewards: ["mine", "other"])

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
    _ lines: [JSONObject], first: JSONObject? = nil, answers: [(String, String)] = [],
    setting: ObservedSteps.Setting = setting
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

  @Test func oneRewardOfSeveralThatNeverScoresIsFound() {
    let found = Self.findings(Self.run(["rewards/other/mean": .null]))
    #expect(found.map(\.name) == ["never_scored"])
    #expect(
      found[0].evidence
        == "steps 1 to 40: no completion has a score from other in any of 40 steps")
    // It may apply to some questions only.
    let now =
      Self.run(["rewards/other/mean": .null], steps: 3)
      + [Self.line(4, ["rewards/other/mean": 0.5])]
    #expect(Self.findings(now) == [])
    #expect(Self.findings([Self.line(1, ["rewards/other/mean": .null])]) == [])
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
    #expect(found[0].advice.hasPrefix("scale the rewards down (their mean is 3e+200)"))
    // Advantages divided by a deviation that overflows are zero, and so is the gradient.
    for overflow: [String: JSON] in [["reward_std": .null], ["reward": .null]] {
      let divided = Self.findings(
        Self.run(overflow.merging(["grad_norm": 0.0, "skipped_updates": 2]) { a, _ in a }))
      #expect(divided.map(\.name) == ["updates_skipped"])
      #expect(divided[0].evidence.hasSuffix("80 of 80 updates were skipped: the rewards overflow"))
      #expect(divided[0].advice.hasPrefix("scale the rewards down"))
    }
    // Skipped for a number that the optimizer cannot hold, with a finite gradient.
    let heavy = Self.findings(Self.run(["grad_norm": 1e30, "skipped_updates": 2]))
    #expect(heavy.map(\.name) == ["updates_skipped"])
    #expect(heavy[0].advice.hasPrefix("lower train.learning_rate"))
    #expect(Self.findings([Self.line(1, skipped)] + Self.run([:], steps: 2)) == [])
  }

  /// Some mini-batches have equal rewards alone: nothing overflows.
  @Test func updatesWithoutAGradientAreFoundWhereRewardsDiffer() {
    let some: [String: JSON] = ["grad_norm": 0.3, "skipped_updates": 1]
    #expect(Self.findings(Self.run(some)) == [] && Self.findings([Self.line(1, some)]) == [])
    let all: [String: JSON] = ["grad_norm": 0.0, "skipped_updates": 2]
    for (lines, count) in [
      (Self.run(all), "steps 1 to 40: 80 of 80"), ([Self.line(1, all)], "step 1: 2 of 2"),
    ] {
      let found = Self.findings(lines)
      #expect(found.map(\.name) == ["updates_skipped"])
      #expect(
        found.first?.evidence
          == "\(count) updates were skipped: the gradient is zero, although rewards differ")
    }
  }

  @Test func aSearchThatAlwaysGivesUpIsFoundOverTheRunOnly() {
    let givenUp: [String: JSON] = ["skipped_updates": 2, "trust_region/given_up": 1.0]
    #expect(Self.findings(Self.run(givenUp)).map(\.name) == ["updates_skipped"])
    #expect(Self.findings([Self.line(1, givenUp)]) == [])
  }

  @Test func equalRewardsAreFoundUnlessTheTaskIsLearned() {
    let equal: [String: JSON] = [
      "frac_reward_zero_std": 1.0, "reward": 0.657, "reward_std": 0.475, "grad_norm": 0.0,
      "skipped_updates": 2,
    ]
    let found = Self.findings(Self.run(equal), first: Self.line(1, ["reward": 0.6]))
    #expect(found.map(\.name) == ["equal_rewards"])
    #expect(found[0].evidence.contains("100 % of completions have the same reward"))
    #expect(found[0].evidence.contains("(mean 0.657)"))
    #expect(found[0].advice.hasPrefix("raise train.temperature"))
    // More than at first, but not what others got: of rewards 0 and 1, a quarter are 1.
    let early = Self.line(1, ["reward": 0.03, "reward_std": 0.17])
    let stuck = equal.merging(["reward": 0.256, "reward_std": 0.44]) { $1 }
    #expect(Self.findings(Self.run(stuck), first: early).map(\.name) == ["equal_rewards"])
    let learned = equal.merging(["reward": 0.95, "reward_std": 0.22]) { $1 }
    #expect(Self.findings(Self.run(learned), first: early) == [])
  }

  /// The advice at the floor and at the ceiling must not be each other's.
  @Test(arguments: [
    (0.0, "warm-start longer, use easier questions"), (-1.0, "warm-start longer"),
    (1.0, "use harder questions"),
  ])
  func equalRewardsAreAdvisedByTheirLevel(reward: Double, advice: String) {
    let equal: [String: JSON] = [
      "frac_reward_zero_std": 1.0, "reward": .number(reward), "reward_std": 0.0, "grad_norm": 0.0,
    ]
    let found = Self.findings(Self.run(equal))
    #expect(found.map(\.name) == ["equal_rewards"])
    #expect(found[0].advice.hasPrefix(advice))
    #expect(!found[0].advice.contains("train.beta"))
  }

  @Test func weightsThatAreAllZeroAreTold() {
    var setting = Self.setting
    setting.weighsNothing = true
    let equal: [String: JSON] = ["frac_reward_zero_std": 1.0, "reward": 0.0, "reward_std": 0.0]
    let found = Finding.ofRun(ObservedSteps(setting, lines: Self.run(equal), first: nil))
    #expect(found.map(\.name) == ["equal_rewards"])
    #expect(found[0].advice.hasPrefix("every reward has weight 0"))
  }

  @Test func groupsOfOneAreLeftOutAndNotTheirSteps() {
    // 20 of 32 are scored, 4 of them alone: 16 are compared, in groups without a spread.
    let equal: [String: JSON] = [
      "frac_reward_zero_std": 1.0, "reward": 0.0, "reward_std": 0.0, "groups/singleton": 4.0,
      "rewards/unscored": 12.0,
    ]
    #expect(Self.findings(Self.run(equal)).map(\.name) == ["equal_rewards"])
    // Half of those that are compared differ.
    let half = equal.merging(["frac_reward_zero_std": 0.6, "reward_std": 0.5, "reward": 0.5]) { $1 }
    #expect(Self.findings(Self.run(half)) == [])
  }

  @Test func withoutGroupsTheRewardsOfAStepAreCompared() {
    var setting = Self.setting
    (setting.comparesWithinGroups, setting.completionsPerStep) = (false, 8)
    let single: [String: JSON] = [
      "frac_reward_zero_std": 1.0, "groups/singleton": 8.0, "groups/degenerate": 0.0, "reward": 0.0,
      "reward_std": 0.0,
    ]
    func names(_ changes: [String: JSON]) -> [String] {
      let lines = Self.run(single.merging(changes) { $1 })
      return Self.findings(lines, setting: setting).map(\.name)
    }
    #expect(names([:]) == ["equal_rewards"])
    #expect(names(["reward": 0.5, "reward_std": 0.5]) == [])
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

  @Test func oneAnswerOfTheBeginningIsAMatterOfTheWarmStart() {
    func advice(before: [String]) -> String? {
      let ones = (0..<10).map {
        ObservedSteps.Answer(question: $0, text: "1", expected: String($0))
      }
      var steps = ObservedSteps(
        Self.setting, lines: Self.run([:]), first: Self.line(1), answers: ones)
      steps.answersBefore = before.enumerated().map {
        .init(question: $0, text: $1, expected: String($0))
      }
      return Finding.ofRun(steps).first?.advice
    }
    let old = "warm-start longer: the policy gave this answer before training, too"
    #expect(advice(before: Array(repeating: "1", count: 10)) == old)
    for before in [[], ["1"], (0..<10).map(String.init), Array(repeating: "2", count: 10)] {
      #expect(advice(before: before)?.hasPrefix("raise train.beta") == true)
    }
    // The first step is drawn before any update.
    let ones = (0..<8).map { ObservedSteps.Answer(question: $0, text: "1", expected: String($0)) }
    var watch = FindingWatch(Self.setting, first: nil)
    #expect(watch.findings(in: Self.line(1), answers: ones).map(\.advice) == [old])
    watch = FindingWatch(Self.setting, first: Self.line(1))
    #expect(watch.findings(in: Self.line(2), answers: ones).map(\.advice) != [old])
  }

  @Test(arguments: [
    (0.0, "the labeller gave no label"), (32, "all labels of each question are equal"),
  ])
  func lessonsWithoutPairsAreFoundAndNotWhatComesOfThem(labels: Double, evidence: String) {
    let empty: [String: JSON] = [
      "reward_model/pairs": 0.0, "reward_model/labels": .number(labels), "reward": 0.0,
      "reward_std": 0.0, "frac_reward_zero_std": 1.0,
    ]
    let found = Self.findings(Self.run(empty))
    #expect(found.map(\.name) == ["no_pairs"])
    #expect(found[0].evidence == "steps 1 to 40: the reward model learns nothing: \(evidence)")
    #expect(Self.findings(Self.run(["reward_model/pairs": 12.0])) == [])
    let late = [Self.line(1, empty)] + Self.run(["reward_model/pairs": 12.0], steps: 4)
    #expect(Self.findings(late) == [])
  }

  @Test func aGoalOfTheWarmStartThatIsMissedIsFound() {
    var warmStart = Recipe.WarmStart()
    func found(_ lines: [JSONObject]) -> String? {
      Finding.goalMissed(by: warmStart, lines)?.evidence
    }
    func line(_ step: Int, _ accuracy: Double?, unscored: Int? = nil) -> JSONObject {
      var line: JSONObject = ["step": .integer(step), "loss": 1.0]
      if let accuracy { line["accuracy"] = .number(accuracy) }
      if let unscored { line["unscored"] = .integer(unscored) }
      return line
    }
    #expect(found([line(1, 0.5)]) == nil)
    warmStart.untilAccuracy = 0.99
    #expect(
      found([line(100, 0.25), line(120, 0), line(121, nil)])
        == "warm start: until_accuracy 0.99 was not reached: 0.0 after 120 steps")
    #expect(
      found([line(120, 0, unscored: 256)])
        == "warm start: until_accuracy 0.99 was not reached: 0.0 after 120 steps, and no completion "
        + "has a score")
    #expect(
      found([line(1, nil), line(2, nil)])
        == "warm start: until_accuracy 0.99 was never measured in 2 steps: accuracy is "
        + "measured every 20 steps")
    #expect(found([line(20, 0.5), line(40, 0.99)]) == nil)
    #expect(found([]) == nil)
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

  @Test func answersOfOneQuestionAStepAreCollected() {
    var watch = FindingWatch(Self.setting, first: nil)
    func look(_ step: Int) -> [String] {
      watch.findings(
        in: Self.line(step),
        answers: [.init(question: step, text: "1", expected: String(step))]
      ).map(\.name)
    }
    #expect((1...3).flatMap { look($0) } == [])
    #expect(look(4) == ["one_answer"])
    #expect(watch.answers.count == 4)
    #expect(look(5) == [])
    #expect(watch.answers.map(\.question) == [2, 3, 4, 5])
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

  @Test(arguments: [
    (0.5 as Double?, true), (1, false), (2, false), (1 - 0x1p-53, false), (0, false), (-1, false),
    (nil, false),
  ])
  func aJudgeThatGivesNothingOneIsNamed(largest: Double?, isFound: Bool) {
    var report = EvaluationReport(
      count: 1, greedy: nil, greedyPerQuestion: [], sampled: nil, unscored: 0, examples: [])
    report.largestReward = largest
    let finding = Finding.neverRight(in: [report], judge: "half")
    #expect((finding?.name == "never_right") == isFound)
    #expect(finding?.evidence.contains("no score of half reached 1 (the largest is 0.5)") != false)
  }
}
