import Formats
import PolicyOptimization
import Testing

@Suite struct RewardShapingTests {
  private static let groups = RewardGroups(
    scores: [[1, nil, 2]], tokenCounts: [[2, 1, 0]])
  private static let old = [-1.0, -2, -3]
  private static let reference = [-1.5, -1.0, 0]

  // k1 = .5, −1 in the first completion.
  @Test func klAndCostAreAddedTokenByToken() {
    let shaping = RewardShaping(klCoefficient: 0.1, tokenCost: 0.01)
    let (shaped, metrics) = shaping(
      Self.groups, oldLogProb: Self.old, referenceLogProb: Self.reference)
    let entries = shaped.groups[0][0].rewards?.entries ?? []
    #expect(entries.map(\.token) == [0, 1, 1])
    #expect(isClose(entries.map(\.reward), [-0.06, 1, 0.09], within: 1e-15))
    #expect(shaped.groups[0][1].rewards == nil)
    #expect(shaped.groups[0][2].rewards?.entries == [.init(token: 0, reward: 2)])
    #expect(metrics.map(\.name.text) == ["kl_in_reward", "kl_in_reward_clamped_tokens"])
    #expect(metrics.map(\.value) == [-0.25, 0])
  }

  @Test func withoutAPenaltyTheReferenceIsNotRead() {
    let shaping = RewardShaping(tokenCost: 0.5)
    #expect(shaping.needs.isEmpty)
    #expect(RewardShaping(klCoefficient: 1).needs == [.referenceLogProb])
    let (shaped, metrics) = shaping(Self.groups, oldLogProb: [], referenceLogProb: nil)
    #expect(shaped.groups[0][0].rewards?.total == 0 && metrics.isEmpty)
  }

  /// It is one reward more at the last token, and tokens that cost nothing have none.
  @Test func aLengthIsRewardedAtTheLastToken() {
    let shaping = RewardShaping { [-0.5, 0, 0.25][$0] }
    let (shaped, _) = shaping(Self.groups, oldLogProb: [], referenceLogProb: nil)
    #expect(
      shaped.groups[0].map { $0.rewards?.entries } == [
        [.init(token: 1, reward: 1), .init(token: 1, reward: 0.25)], nil,
        [.init(token: 0, reward: 2), .init(token: 0, reward: -0.5)],
      ])
  }

  @Test func aHugeLogRatioIsCutAndCounted() {
    let (shaped, metrics) = RewardShaping(klCoefficient: 1)(
      Self.groups, oldLogProb: [-1, -50, 0], referenceLogProb: [-.infinity, -1, 0])
    #expect(shaped.groups[0][0].rewards?.total == 1)
    // +20 and −20.
    #expect(metrics.map(\.value) == [0, 2])
  }
}
