import Rewards
import Testing

@Suite struct PerCompletionRewardTests {
  private struct Brevity: PerCompletionReward {
    let name = "brevity"
    func score(_ completion: Completion) -> Double? {
      1 / Double(1 + completion.tokenIDs.count)
    }
  }

  private func scores(
    of function: any RewardFunction, _ completions: Completion...
  ) async throws -> [Score] {
    try await function.score(RewardRequest(step: 0, completions: completions)).scores
  }

  @Test func scoresCompletionsInOrder() async throws {
    let scores = try await scores(of: Brevity(), .of("", tokens: 0), .of("ab", tokens: 3))
    #expect(scores == [.value(1), .value(0.25)])
  }

  @Test func nilDoesNotApplyAndAnErrorIsAFailedScore() async throws {
    let reward = ClosureReward("closure") { completion in
      switch completion.text {
      case "nil": nil
      case "throw": throw ScoreFailure("it said so")
      default: 2
      }
    }
    #expect(reward.name == "closure")
    let scores = try await scores(of: reward, .of("nil"), .of("throw"), .of("else"))
    #expect(scores == [.notApplicable, .failed("it said so"), .value(2)])
  }
}
