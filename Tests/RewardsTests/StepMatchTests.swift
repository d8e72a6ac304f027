import Formats
import Rewards
import Testing

@Suite struct StepMatchTests {
  /// Tokens of the given lengths; what is left of the text is not drawn.
  private func completion(
    _ text: String, tokens lengths: [Int], columns: JSONObject = ["steps": "1+2=3, 3-5=-2"]
  ) -> Completion {
    let ends = lengths.indices.map { lengths[...$0].reduce(0, +) }
    return Completion(
      prompt: "", text: text, tokenIDs: Array(lengths.indices), finishReason: .stop,
      tokenEnds: { ends }, columns: columns)
  }

  private func outcome(_ completion: Completion) async throws -> Score {
    let request = RewardRequest(step: 1, completions: [completion])
    return try #require(try await StepMatch().score(request).scores.first)
  }

  @Test func aRightStepIsRewardedAtTheTokenThatHoldsItsLastByte() async throws {
    // "1+2=3" has 5 bytes, ", 3-5=-2" 8 more; the last token is the end of the sequence.
    let text = "1+2=3, 3-5=-2"
    #expect(
      try await outcome(completion(text, tokens: [2, 3, 1, 1, 6, 0]))
        == .stream([.init(index: 1, reward: 0.5), .init(index: 4, reward: 0.5)]))
    // A token across the separator holds the step's last byte.
    #expect(
      try await outcome(completion(text, tokens: [4, 3, 6]))
        == .stream([.init(index: 1, reward: 0.5), .init(index: 2, reward: 0.5)]))
  }

  @Test func stepsAreComparedAndCutByTheirBytes() async throws {
    let lines = StepMatch(separator: "\n")
    func score(_ text: String, working: String) throws -> Double? {
      try lines.score(completion(text, tokens: [], columns: ["steps": .string(working)]))
    }
    #expect(try score("a\r\nb", working: "a\nb") == 1)
    #expect(try score("caf\u{E9}", working: "cafe\u{301}") == 0)
  }

  @Test(arguments: 1...64)
  func theStepsOfARightWorkingAddUpToOne(count: Int) async throws {
    let working = (1...count).map(String.init).joined(separator: ",")
    let lengths = (1...count).map { String($0).utf8.count + ($0 == 1 ? 0 : 1) }
    let right = completion(working, tokens: lengths, columns: ["steps": .string(working)])
    guard case .stream(let rewards) = try await outcome(right) else {
      Issue.record("no stream")
      return
    }
    #expect(rewards.dropLast().allSatisfy { $0.reward == 1 / Double(count) })
    var reward = CompletionReward()
    reward.add(rewards)
    #expect(reward.total == 1)
    #expect(try StepMatch().score(right) == 1)
  }

  @Test func aWorkingMayBeWrittenAsANumber() throws {
    #expect(try StepMatch().score(completion("5", tokens: [], columns: ["steps": 5])) == 1)
  }

  @Test func aWrongStepHasAnEntryOfZero() async throws {
    #expect(
      try await outcome(completion("1+2=4, 3-5=-2", tokens: [5, 8]))
        == .stream([.init(index: 0, reward: 0), .init(index: 1, reward: 0.5)]))
    // More steps than the working has.
    #expect(
      try await outcome(completion("1+2=3,3-5=-2,0", tokens: [6, 7, 1]))
        == .stream([
          .init(index: 0, reward: 0.5), .init(index: 1, reward: 0.5), .init(index: 2, reward: 0),
        ]))
  }

  @Test func withoutTokenEndsTheStepsAreOneNumber() throws {
    let text = Completion(
      prompt: "", text: "1+2=3, 3-5=8", tokenIDs: [1], finishReason: .stop,
      columns: ["steps": "1+2=3, 3-5=-2"])
    #expect(try StepMatch().score(text) == 0.5)
  }

  @Test func rowsWithoutAWorkingAreNotScoredAndOthersThanTextAndNumbersFail() async throws {
    for columns: JSONObject in [[:], ["steps": .null], ["steps": ""], ["steps": " "]] {
      #expect(try await outcome(completion(" ", tokens: [1], columns: columns)) == .notApplicable)
      #expect(StepMatch().fault(in: completion(" ", tokens: [1], columns: columns)) == nil)
    }
    guard case .failed = try await outcome(completion("3", tokens: [1], columns: ["steps": [3]]))
    else {
      Issue.record("a list is no working")
      return
    }
    #expect(try await outcome(completion("", tokens: [0])) == .stream([]))
  }

  @Test func anEmptySeparatorIsRefused() {
    #expect(throws: RewardError.self) {
      _ = try BuiltInReward.named("step_match", options: ["separator": ""])
    }
  }
}
