import PolicyOptimization
import Testing

@Suite struct WhitenedAdvantageTests {
  // Tokens 3 and 1, γ = ½, terminal rewards 4 and 1: Ĝ = 1, 2, 4 and 1; mean 2, s = √(6/3).
  @Test func returnsAreWhitenedOverTheTokensOfTheStep() {
    let groups = RewardGroups(scores: [[4], [1]], tokenCounts: [[3], [1]])
    let values = WhitenedAdvantage(discount: 0.5)(groups).values(tokenCounts: [3, 1])
    let expected = [-1, 0, 2, -1].map { $0 / 2.0.squareRoot() }
    #expect(isClose(values, expected, within: 1e-7))
  }

  // Centred: ±1 with one token and three: the tokens' mean is ½, s = 1.
  @Test func theGroupMeanIsSubtractedFirst() {
    let groups = RewardGroups(scores: [[0, 2]], tokenCounts: [[1, 3]])
    let values = WhitenedAdvantage(baseline: .groupMean)(groups).values(tokenCounts: [1, 3])
    #expect(isClose(values, [-1.5, 0.5, 0.5, 0.5], within: 1e-7))
  }

  @Test func unscoredCompletionsAndFlatStepsGetExactlyZero() {
    let flat = WhitenedAdvantage()(RewardGroups([0.3, 0.3], [nil, 0.3]))
    #expect(flat.values(tokenCounts: [2, 2, 2, 2]).allSatisfy { $0 == 0 })
    let scored = WhitenedAdvantage()(RewardGroups([1, nil, 0])).values(tokenCounts: [2, 2, 2])
    #expect(scored[2...3] == [0, 0] && scored[0] > 0.5)
    #expect(
      WhitenedAdvantage()(RewardGroups(scores: [[5]], tokenCounts: [[1]])).values(tokenCounts: [1])
        == [0])
    #expect(
      WhitenedAdvantage()(RewardGroups(scores: [[5]], tokenCounts: [[0]])).values(tokenCounts: [0])
        == [])
  }

  @Test func degenerateGroupsHaveNoSignalUnderTheGroupMean() {
    let mixed = WhitenedAdvantage(baseline: .groupMean)(
      RewardGroups(scores: [[1, 1], [9], [0, 2]], tokenCounts: [[5, 5], [2], [1, 3]]))
    let values = mixed.values(tokenCounts: [5, 5, 2, 1, 3])
    #expect(values[..<12].allSatisfy { $0 == 0 })
    #expect(isClose(Array(values[12...]), [-1.5, 0.5, 0.5, 0.5], within: 1e-7))
  }
}
