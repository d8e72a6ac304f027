import Datasets
import Evaluation
import Rewards
import Sampling
import Testing

@Suite struct EvaluatorTests {
  private func questions() throws -> QuestionSet {
    let rows = """
      {"question": "1+1", "answer": "2"}
      {"question": "2+2", "answer": "4"}
      {"question": "3+3", "answer": "6"}
      {"question": "4+4", "answer": "8"}

      """
    return try QuestionSet(
      bytes: Array(rows.utf8), file: "rows.jsonl", columns: .init(), template: nil)
  }

  /// What `reward` finds, and every completion that was recorded.
  private func evaluate(
    _ options: Evaluator.Options = .init(), limit: Int? = nil, reward: any RewardFunction,
    isCancelled: () -> Bool = { false }
  ) async throws -> (report: EvaluationReport, judgements: [Judgement]) {
    let small = try SmallPolicy()
    let evaluator = try Evaluator(
      sampler: small.sampler, questions: questions(), limit: limit, reward: reward)
    var judgements: [Judgement] = []
    let report = try await evaluator.report(
      on: small.policy.parameters, options: options, isCancelled: isCancelled
    ) { judgements.append($0) }
    return (report, judgements)
  }

  private static let firstOnly = ClosureReward("first") { $0.prompt == "1+1" ? 1 : 0 }

  @Test func accuraciesAreMeansOverQuestions() async throws {
    let options = Evaluator.Options(samples: 3, k: [1, 3])
    let (report, _) = try await evaluate(options, reward: Self.firstOnly)
    #expect(report.count == 4 && report.unscored == 0 && report.largestReward == 1)
    #expect(report.greedy?.mean == 0.25 && report.greedyPerQuestion == [1, 0, 0, 0])
    let sampled = try #require(report.sampled)
    #expect(sampled.accuracy?.mean == 0.25 && sampled.perQuestion == [1, 0, 0, 0])
    #expect(sampled.passAtK.map { $0.value?.mean } == [0.25, 0.25])
    #expect(sampled.majorityAtK.map(\.k) == [3] && sampled.ballot == .wholeTexts)
    // All scores are 0 or 1: their mean is the accuracy.
    #expect(report.greedyReward == nil)
  }

  @Test func greedyCompletionsAreRecordedFirstAndSamplesByTheirNumbers() async throws {
    let (report, judgements) = try await evaluate(.init(samples: 2), reward: Self.firstOnly)
    #expect(judgements.map(\.sample) == [0, 0, 0, 0, 1, 2, 1, 2, 1, 2, 1, 2])
    #expect(
      judgements.map(\.question.prompt)
        == ["1+1", "2+2", "3+3", "4+4", "1+1", "1+1", "2+2", "2+2", "3+3", "3+3", "4+4", "4+4"])
    #expect(report.examples.map(\.completion) == judgements.prefix(4).map(\.completion.text))
    #expect(report.examples.map(\.answer) == ["2", "4", "6", "8"])
  }

  @Test func aSeedGivesTheSameSamplesAndAnotherOthers() async throws {
    func texts(seed: UInt64) async throws -> [String] {
      try await evaluate(.init(samples: 2, seed: seed), reward: Self.firstOnly).judgements
        .map(\.completion.text)
    }
    let first = try await texts(seed: 1)
    #expect(try await texts(seed: 1) == first)
    let other = try await texts(seed: 2)
    // Nothing is drawn for the greedy ones.
    #expect(other.prefix(4) == first.prefix(4) && other != first)
  }

  @Test func aLimitAsksTheFirstQuestionsOnly() async throws {
    let (report, judgements) = try await evaluate(limit: 2, reward: Self.firstOnly)
    #expect(report.count == 2 && report.greedy?.mean == 0.5 && report.sampled == nil)
    #expect(judgements.map(\.question.prompt) == ["1+1", "2+2"])
  }

  @Test func whatHasNoScoreIsWrongAndCounted() async throws {
    let reward = ClosureReward("some") {
      switch $0.prompt {
      case "1+1": nil
      case "2+2": throw ScoreFailure("why")
      case "3+3": 0.25
      default: 1
      }
    }
    let (report, _) = try await evaluate(.init(samples: 2), reward: reward)
    #expect(report.greedyPerQuestion == [0, 0, 0, 1] && report.unscored == 6)
    #expect(report.failures.failed == 3 && report.failures.count == 12)
    #expect(report.failures.reason == "why" && report.failures.areMany)
    #expect(report.greedyReward?.mean == 0.625 && report.greedyReward?.count == 2)
  }

  @Test func cancellingEndsItBeforeTheNextQuestions() async throws {
    await #expect(throws: CancellationError.self) {
      _ = try await evaluate(reward: Self.firstOnly, isCancelled: { true })
    }
  }
}
