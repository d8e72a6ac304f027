import Evaluation
import Formats
import Rewards
import Testing

@Suite struct EvaluationReportTests {
  /// The figures of questions whose samples are given, all with the answer 29.
  private func figures(
    _ questions: [[String]], k: [Int], under reward: some PerCompletionReward
  ) throws -> EvaluationReport.Sampled {
    let completions = questions.map { texts in
      texts.map {
        Completion(prompt: "", text: $0, tokenIDs: [], finishReason: .stop, answer: "29")
      }
    }
    return try EvaluationReport.Sampled(
      correct: completions.map { try $0.map { try reward.score($0) == 1 } },
      votes: completions.map { $0.map { MajorityVote.vote(of: $0, under: reward) } },
      ballot: MajorityVote.ballot(under: reward), options: .init(samples: questions[0].count, k: k))
  }

  /// 25 questions, 8 samples each: of 21 questions most samples end in the right number, each by a
  /// working of its own; those of the other four agree on a wrong one.
  ///
  ///     right samples: 7·8 + 14·6 + 2·1 + 2·0 = 142 of 200,   right majorities: 21 of 25
  ///
  /// Of 14 questions the two wrong samples are alike to the last letter, so that they win, as the
  /// same samples of the other four do, where whole texts vote: 7 of 25 are left.
  private static let questions: [[String]] = {
    let right = (1...8).map { "\($0) + \(29 - $0) = 29\n#### \($0 % 2 == 0 ? "29" : "$29.00")" }
    let wrong = Array(repeating: "It is 30.\n#### 30", count: 8)
    return [(8, 7), (6, 14), (1, 2), (0, 2)].flatMap { rightSamples, questions in
      let samples = Array(right.prefix(rightSamples)) + wrong.prefix(8 - rightSamples)
      return Array(repeating: samples, count: questions)
    }
  }()

  @Test func answersVoteHoweverTheirWorkingsDiffer() throws {
    let sampled = try figures(Self.questions, k: [1, 8], under: GSM8KAnswer())
    #expect(sampled.accuracy?.mean == 0.71)
    #expect(sampled.majorityAtK.map(\.k) == [8])
    #expect(sampled.majorityAtK[0].value?.mean == 0.84)
    #expect(sampled.majorityName(8) == "maj@8")
  }

  @Test func ofARewardThatComparesNoAnswerTheReportSaysThatWholeTextsVote() throws {
    let gsm8k = GSM8KAnswer()
    let same = ClosureReward("same scores") { try gsm8k.score($0) }
    let sampled = try figures(Self.questions, k: [8], under: same)
    #expect(sampled.accuracy?.mean == 0.71)
    #expect(sampled.majorityAtK[0].value?.mean == 0.28)
    #expect(sampled.majorityName(8) == "maj@8 of whole texts")
  }

  @Test func whereNoSampleHasAnAnswerTheMajorityIsWrong() throws {
    let sampled = try figures([["no", "idea", "none"]], k: [2, 3], under: GSM8KAnswer())
    #expect(sampled.majorityAtK.map { $0.value?.mean } == [0, 0])
    // Two that have none are no majority against one that has one.
    let one = try figures([["no", "idea", "#### 29"]], k: [2, 3], under: GSM8KAnswer())
    #expect(one.majorityAtK.map { $0.value?.mean } == [0, 1])
  }

  @Test(arguments: [(true, "answers"), (false, "whole_texts")])
  func programsAreToldWhatVotes(comparesAnswers: Bool, name: String) throws {
    let questions = [["29", "29"]]
    let found =
      comparesAnswers
      ? try figures(questions, k: [1, 2], under: NumericMatch())
      : try figures(questions, k: [1, 2], under: ClosureReward("custom") { _ in 1 })
    let report = EvaluationReport(
      count: 1, greedy: nil, greedyPerQuestion: [], sampled: found, unscored: 0, examples: [])
    #expect(report.encoded()["sampled"]?["maj_votes"]?.string == name)
    #expect(report.encoded()["sampled"]?["maj@2"]?.double == 1)
  }
}
