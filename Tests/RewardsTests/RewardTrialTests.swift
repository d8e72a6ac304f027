import Formats
import Rewards
import Synchronization
import Testing

@Suite struct RewardTrialTests {
  /// Two rows with different answers; the first with adversarial completions.
  private var probes: [RewardTrial.Probe] {
    [("1+1=", "2", "3"), ("1+2=", "3", "2")].enumerated().flatMap { place, row in
      RewardTrial.probes(
        row: Completion(
          prompt: row.0, text: "", tokenIDs: [], finishReason: .stop, answer: row.1),
        completion: place == 0 ? "4" : nil, otherAnswer: row.2, isAdversarial: place == 0)
    }
  }

  private func warnings(
    range: ClosedRange<Double>? = nil, _ score: @escaping @Sendable (Completion) throws -> Double?
  ) async throws -> [String] {
    try await RewardTrial(probes, range: range).run(ClosureReward("f", score)).warnings
  }

  @Test func aSoundRewardHasNoWarning() async throws {
    let result = try await RewardTrial(probes, range: 0...1).run(ExactMatch())
    #expect(result.warnings == [])
    #expect(result.scores.count == result.probes.count)
    #expect(
      zip(result.probes, result.scores).allSatisfy { ($0.kind == .answer) == ($1 == .value(1)) })
    #expect(result.probes.count { $0.kind == .given } == 1)
    #expect(result.probes.count { if case .adversarial = $0.kind { true } else { false } } >= 10)
  }

  @Test func aConstantRewardIsDoubtful() async throws {
    let found = try await warnings { _ in 0.5 }
    #expect(found.contains("it is constant: 5 completions all score 0.5"))
    #expect(
      found.contains(
        "it does not favour right answers: they score 0.5, the answers of other rows 0.5"))
  }

  @Test func aRewardThatNeverAppliesIsDoubtful() async throws {
    #expect(
      try await warnings { _ in nil }
        == ["no ordinary completion has a score (5 tried)"])
  }

  @Test func failuresAreNamed() async throws {
    let found = try await warnings {
      if $0.text.isEmpty { throw ScoreFailure("no words") }
      return $0.text == $0.answer ? 1 : 0
    }
    #expect(found == ["1 of \(probes.count) scores failed: no words"])
  }

  @Test func aScoreOutOfRangeIsNamed() async throws {
    let found = try await warnings(range: 0...1) { $0.text == $0.answer ? 2 : 0 }
    #expect(found == ["2 scores are out of range (got 2; need 0 to 1)"])
  }

  @Test func anotherScoreTheSecondTimeIsNamed() async throws {
    let calls = Mutex(0)
    let found = try await warnings { completion in
      let call = calls.withLock { count in
        count += 1
        return count
      }
      return completion.text == completion.answer ? 10_000 + Double(call) : 0
    }
    #expect(found == ["it is not deterministic: 2 scores changed on the second call"])
  }

  @Test func whatAnErrorSaysIsNoScore() async throws {
    let calls = Mutex(0)
    let found = try await warnings { _ in
      throw ScoreFailure("at \(calls.withLock { $0 += 1; return $0 })")
    }
    #expect(!found.contains { $0.contains("deterministic") })
  }

  @Test func rowsWithoutAnythingToTryAreNamed() async throws {
    let row = Completion(prompt: "1+1=", text: "", tokenIDs: [], finishReason: .stop)
    let probes = RewardTrial.probes(
      row: row, completion: nil, otherAnswer: nil, isAdversarial: true)
    let result = try await RewardTrial(probes).run(ClosureReward("f") { _ in 0 })
    #expect(
      result.warnings == [
        "only adversarial completions were tried: no row has a completion, or an answer that is a "
          + "text or a number (--answer-field names its column)"
      ])
  }

  @Test func theRowsWorkingIsTriedAsARightAnswer() async throws {
    var probes: [RewardTrial.Probe] = []
    for (working, answer, other) in [("4-1=3", "3", "5"), ("2+3=5", "5", "3")] {
      let row = Completion(
        prompt: "", text: "", tokenIDs: [], finishReason: .stop, answer: answer,
        columns: ["steps": .string(working)])
      probes += RewardTrial.probes(
        row: row, completion: nil, working: working, otherAnswer: other, isAdversarial: false)
    }
    let result = try await RewardTrial(probes).run(StepMatch())
    #expect(result.warnings == [])
    let workings = result.probes.indices.filter { result.probes[$0].kind == .working }
    #expect(workings.map { result.scores[$0].total } == [1, 1])
  }

  @Test func tokenIDsAreTheBytesOfTheText() {
    #expect(probes.allSatisfy { $0.completion.tokenIDs == $0.completion.text.utf8.map(Int.init) })
  }

  @Test func wrongAnswersThatScoreBetterAreNamed() async throws {
    let found = try await warnings { $0.text == $0.answer ? 0 : $0.text.count == 1 ? 1 : -1 }
    #expect(
      found == [
        "it does not favour right answers: they score 0, the answers of other rows 1"
      ])
  }

  @Test func anAdversarialCompletionThatScoresWellIsNamed() async throws {
    let found = try await warnings { $0.text.contains("2") ? 1 : 0 }
    #expect(
      found.contains("an adversarial completion scores 1, as much as the best: many numbers"))
    #expect(!found.contains { $0.hasSuffix("empty") })
  }
}
