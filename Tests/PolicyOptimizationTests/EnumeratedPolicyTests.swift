import Foundation
import Testing

/// The ground that the other exactness suites stand on.
@Suite struct EnumeratedPolicyTests {
  static let policy = EnumeratedPolicy(maximumTokens: 4)
  static let task = EnumeratedTask.dense(policy)

  @Test func theCompletionsAreAllThereAre() {
    // 1 + 2 + 4 that end early, 8·3 of full length.
    #expect(Self.policy.completions.count == 31)
    let sum = Self.policy.completions.reduce(0) { $0 + Self.policy.probability($1) }
    #expect(abs(sum - 1) < 1e-15 * 31)
  }

  @Test func theGradientOfTheReturnMatchesCentralDifferences() {
    let numerical = Self.policy.numericalGradient(of: Self.task.expectedReturn)
    #expect(isClose(Self.task.exactGradient, numerical, within: 1e-9))
    #expect(Self.task.exactGradient.contains { abs($0) > 0.05 })
  }

  @Test func theWeightedSumOverCompletionsIsTheGradient() {
    var gradient = Self.policy.logits.map { _ in 0.0 }
    for completion in Self.policy.completions {
      let value = Self.task.rewards(completion).reversed()
        .reduce(0) { $1 + Self.task.discount * $0 }
      let weight = Self.policy.probability(completion) * value
      let score = Self.policy.gradient(
        completion, coefficients: completion.tokens.map { _ in weight })
      for i in gradient.indices { gradient[i] += score[i] }
    }
    #expect(isClose(gradient, Self.task.exactGradient, within: 1e-14))
  }

  @Test func theValueOfThePromptIsTheExpectedReturn() {
    #expect(abs(Self.task.values[0] - Self.task.expectedReturn(Self.policy)) < 1e-14)
  }
}
