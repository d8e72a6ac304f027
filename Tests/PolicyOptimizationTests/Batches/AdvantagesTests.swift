import PolicyOptimization
import Testing

@Suite struct AdvantagesTests {
  @Test func uniformAndPerTokenAdvantagesAreLaidEndToEnd() {
    let advantages = Advantages(
      completions: [.uniform(2), .perToken([1, -1, 0.5]), .uniform(7)])
    #expect(advantages.values(tokenCounts: [2, 3, 0]) == [2, 2, 1, -1, 0.5])
  }

  /// Σ of the rewards from a token on: what a package outside could add.
  private struct RewardToGo: AdvantageEstimator {
    func callAsFunction(_ groups: RewardGroups) -> Advantages {
      Advantages(
        completions: groups.groups.joined().map { completion in
          .perToken(
            (0..<completion.tokenCount).map { t in
              (completion.rewards?.entries ?? []).filter { $0.token >= t }
                .reduce(0) { $0 + $1.reward }
            })
        })
    }
  }

  @Test func anEstimatorOfOneAdvantagePerTokenNeedsNothingElse() {
    let steps = RewardStream([.init(token: 1, reward: 0.5), .init(token: 3, reward: 1)])
    let groups = RewardGroups([
      [.init(tokenCount: 4, rewards: steps), .init(tokenCount: 2, rewards: nil)]
    ])
    let values = RewardToGo()(groups).values(tokenCounts: [4, 2])
    #expect(values == [1.5, 1.5, 1, 1, 0, 0])
  }
}
