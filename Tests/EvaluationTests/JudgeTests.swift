import Datasets
import Evaluation
import Rewards
import Synchronization
import Testing

@Suite struct JudgeTests {
  /// Fails all scores of a request that asks about a question of `failing`; else 1.
  private final class FragileReward: RewardFunction {
    let name = "fragile"
    private let failing: Set<String>
    private let sizes = Mutex<[Int]>([])

    init(failing: Set<String>) { self.failing = failing }

    /// How many completions each request had.
    var asked: [Int] { sizes.withLock { $0 } }

    func score(_ request: RewardRequest) -> RewardResponse {
      sizes.withLock { $0.append(request.completions.count) }
      let fails = request.completions.contains { failing.contains($0.prompt) }
      return RewardResponse(
        scores: request.completions.map { _ in fails ? .failed("broken") : .value(1) })
    }
  }

  private func questions(_ count: Int) throws -> [Question] {
    let rows = (0..<count).map { "{\"question\": \"q\($0)\", \"answer\": \"\($0)\"}\n" }
    return try QuestionSet(
      bytes: Array(rows.joined().utf8), file: "rows.jsonl", columns: .init(), template: nil
    ).questions
  }

  /// What `reward` says of completions of each question, with these texts.
  private func judgements(
    of texts: [String], count: Int, by reward: any RewardFunction
  ) async throws -> [[Judgement]] {
    let questions = try questions(count)
    let completions = questions.map { question in
      texts.map {
        Completion(
          prompt: question.prompt, text: $0, tokenIDs: [], finishReason: .stop,
          answer: question.answer)
      }
    }
    return try await Judge(reward: reward).judge(completions, of: questions, nil)
  }

  @Test func everyCompletionIsJudgedByTheAnswerOfItsQuestion() async throws {
    let found = try await judgements(of: ["it is 1", "0"], count: 2, by: NumericMatch())
    #expect(found.map { $0.map(\.reward) } == [[0, 1], [1, 0]])
    #expect(found.map { $0.map(\.sample) } == [[1, 2], [1, 2]])
    #expect(found.map { $0.map(\.extracted) } == [["1", "0"], ["1", "0"]])
    #expect(found.map { $0.map(\.question.prompt) } == [["q0", "q0"], ["q1", "q1"]])
    #expect(found[1].map(\.isCorrect) == [true, false])
  }

  @Test func aQuestionThatFailsCostsTheOthersNothing() async throws {
    let reward = FragileReward(failing: ["q2"])
    let found = try await judgements(of: ["a", "b"], count: 4, by: reward)
    #expect(found.map { $0.map(\.reward) } == [[1, 1], [1, 1], [nil, nil], [1, 1]])
    #expect(found[2].map(\.failure) == ["broken", "broken"])
    // All of them, both halves, and of the second half both again.
    #expect(reward.asked == [8, 4, 4, 2, 2])
  }

  @Test func whereAllFailEightPartsAreEnough() async throws {
    let reward = FragileReward(failing: Set((0..<16).map { "q\($0)" }))
    let found = try await judgements(of: ["a"], count: 16, by: reward)
    #expect(found.joined().allSatisfy { $0.failure == "broken" })
    #expect(
      reward.asked == [16, 8, 8] + Array(repeating: 4, count: 4) + Array(repeating: 2, count: 8))
  }
}
