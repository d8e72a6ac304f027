import PolicyOptimization
import Testing

@Suite struct ProcessAdvantageTests {
  private func stream(_ entries: (Int, Double)...) -> RewardStream {
    RewardStream(entries.map { RewardStream.Entry(token: $0.0, reward: $0.1) })
  }

  // Steps 1, 0 and 0, 0, ½, ½ in tokens 1, 3 and 0, 1, 1, 2: mean ⅓, Σ(r − ⅓)² = 1.5 − 6/9 = 5/6,
  // s = √(1/6) = .40824829; r̃(1) = 1.63259… etc.
  @Test func stepsAreNormalizedTogetherAndSummedFromEachOn() {
    let groups = RewardGroups([
      [
        .init(tokenCount: 4, rewards: stream((1, 1), (3, 0))),
        .init(tokenCount: 3, rewards: stream((0, 0), (1, 0), (1, 0.5), (2, 0.5))),
      ]
    ])
    let s = (1.0 / 6).squareRoot() + 1e-4
    let (one, zero, half) = ((1 - 1.0 / 3) / s, -1.0 / 3 / s, (0.5 - 1.0 / 3) / s)
    let values = ProcessAdvantage()(groups).values(tokenCounts: [4, 3])
    let expected = [
      one + zero, one + zero, zero, zero, 2 * zero + 2 * half, zero + 2 * half, half,
    ]
    #expect(isClose(values, expected, within: 1e-15))
  }

  /// 3 · 1.7e308 is no finite number, and neither are mean and deviation.
  @Test func rewardsWhoseMeanOverflowsGiveNoFiniteAdvantage() {
    let groups = RewardGroups([1.7e308, 1.7e308, 1.7e308, -1.7e308])
    let values = ProcessAdvantage()(groups).values(tokenCounts: Array(repeating: 2, count: 4))
    #expect(values.allSatisfy { !$0.isFinite })
  }

  @Test func terminalScoresAreOutcomeSupervision() {
    let groups = RewardGroups([1, 0, 0, 0], [nil, 2, 0.5])
    let counts = Array(repeating: 2, count: 7)
    #expect(
      isClose(
        ProcessAdvantage()(groups).values(tokenCounts: counts),
        GroupRelativeAdvantage()(groups).values(tokenCounts: counts), within: 1e-15))
  }

  @Test func equalStepsASingleOneAndNoneGetExactlyZero() {
    let groups = RewardGroups([
      [
        .init(tokenCount: 2, rewards: stream((0, 0.3), (1, 0.3))),
        .init(tokenCount: 2, rewards: stream((1, 0.3))),
      ],
      [.init(tokenCount: 2, rewards: stream((1, 5))), .init(tokenCount: 2, rewards: nil)],
      [.init(tokenCount: 2, rewards: stream()), .init(tokenCount: 0, rewards: stream((0, 1)))],
    ])
    let values = ProcessAdvantage()(groups).values(tokenCounts: [2, 2, 2, 2, 2, 0])
    #expect(values.allSatisfy { $0 == 0 })
  }
}
