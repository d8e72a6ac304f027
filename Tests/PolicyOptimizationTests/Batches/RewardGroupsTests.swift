import Formats
import PolicyOptimization
import Testing

@Suite struct RewardGroupsTests {
  @Test func aStreamCountsAsItsSum() {
    let stream = RewardStream([
      .init(token: 0, reward: 0.25), .init(token: 2, reward: 0.5), .init(token: 2, reward: 0.25),
    ])
    let streamed = RewardGroups([
      [
        .init(tokenCount: 3, rewards: stream),
        .init(tokenCount: 5, rewards: .terminal(0, tokenCount: 5)),
      ]
    ])
    let terminal = RewardGroups(scores: [[1, 0]], tokenCounts: [[3, 5]])
    for estimator in [GroupRelativeAdvantage(), SoftmaxAdvantage()] as [any AdvantageEstimator] {
      #expect(estimator(streamed).completions == estimator(terminal).completions)
    }
  }

  @Test func aTerminalScoreStandsAtTheLastToken() {
    #expect(RewardStream.terminal(2, tokenCount: 4).entries == [.init(token: 3, reward: 2)])
    #expect(RewardStream.terminal(2, tokenCount: 0).entries == [.init(token: 0, reward: 2)])
  }

  @Test func metricsCoverTheWholeStep() {
    // Scored: 1, 0, 2, 2, 5; mean 2, Σ(x−2)² = 1+4+0+0+9 = 14, s = √(14/4).
    let metrics = GroupRelativeAdvantage()(
      RewardGroups([1, 0, nil], [2, 2], [5], [nil, nil])
    ).metrics
    #expect(
      metrics.map(\.name.text) == [
        "reward", "reward_std", "frac_reward_zero_std", "groups/degenerate", "groups/singleton",
        "groups/unscored", "rewards/unscored",
      ])
    let deviation = (14.0 / 4).squareRoot()
    #expect(metrics.map(\.value) == [2, deviation, 0.6, 1, 1, 1, 3])
  }

  @Test func whatIsUndefinedIsAbsent() {
    let nothing = GroupRelativeAdvantage()(RewardGroups([nil, nil]))
    #expect(nothing.uniform == [0, 0])
    #expect(nothing.metric("reward") == nil)
    #expect(nothing.metric("frac_reward_zero_std") == 0)
    let one = GroupRelativeAdvantage()(RewardGroups([3]))
    #expect(one.metric("reward") == 3)
    #expect(one.metric("reward_std") == nil)
  }

  private static let outcomeEstimators: [any AdvantageEstimator] = [
    GroupRelativeAdvantage(), GroupRelativeAdvantage(scale: .batchStandardDeviation),
    SoftmaxAdvantage(), RankAdvantage(), LeaveOneOutAdvantage(),
  ]

  /// It has a reward, if no token to credit it to.
  @Test func anEmptyCompletionIsOneOfItsGroup() {
    let empty = RewardGroups(scores: [[1, 0, 3]], tokenCounts: [[0, 2, 1]])
    let full = RewardGroups(scores: [[1, 0, 3]], tokenCounts: [[1, 2, 1]])
    for estimator in Self.outcomeEstimators {
      let values = estimator(empty).values(tokenCounts: [0, 2, 1])
      let expected = estimator(full).values(tokenCounts: [1, 2, 1])
      #expect(values.count == 3 && values == Array(expected[1...]))
    }
  }

  @Test func noGroupsAndEmptyGroupsHaveNoAdvantages() {
    for estimator in Self.outcomeEstimators {
      #expect(estimator(RewardGroups([[RewardGroups.Completion]]())).completions.isEmpty)
      #expect(estimator(RewardGroups([[RewardGroups.Completion](), []])).completions.isEmpty)
    }
  }
}
