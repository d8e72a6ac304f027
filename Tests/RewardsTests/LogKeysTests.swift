import Formats
import Rewards
import Testing

/// Every logged name has a key of its own, and a score never gives way.
@Suite struct LogKeysTests {
  private let request = RewardRequest(step: 1, completions: [.of("a")])

  private func reward(
    _ name: String, columns: [String] = [], metrics: [String] = [], seconds: [Double]? = nil
  ) -> FixedReward {
    FixedReward(
      name: name,
      response: RewardResponse(
        scores: [.value(1)], metrics: metrics.map { Metric(Metric.Name($0), 77) },
        columns: columns.map { ($0, ["mine"]) }, seconds: seconds))
  }

  @Test func aScoreHasAKeyThatNothingElseHas() {
    #expect(LogKeys(rewards: ["a/b", "a", "é"]).scores == ["a/b", "a", "é"])
    #expect(
      LogKeys(rewards: ["step", "rewards/step", "rewards/rewards/step", "reward"]).scores
        == [
          "rewards/rewards/rewards/step", "rewards/step", "rewards/rewards/step", "rewards/reward",
        ])
  }

  @Test(arguments: [false, true])
  func whatARewardLogsNeverTakesTheKeyOfAScoreOrOfAMetric(isReversed: Bool) async throws {
    let rewards = [
      reward("a/b"), reward("a", columns: ["b", "c"], metrics: ["b/mean", "b/failed", "b/own"]),
    ]
    let set = try RewardSet((isReversed ? rewards.reversed() : rewards).map { .init($0) })
    let report = try await set.score(request)
    let logging = try #require(report.functions.first { $0.name == "a" }?.response)
    #expect(logging.columns.map(\.name) == ["c"] && logging.metrics.map(\.name.text) == ["b/own"])
    #expect(logging.counts.map(\.name.text) == ["unlogged"] && logging.counts[0].value == 3)
    #expect(
      logging.notes == [
        "3 logged values were ignored: metrics.b/mean: the name is already in the log "
          + "(need another)"
      ])
    let other = try #require(report.functions.first { $0.name == "a/b" })
    #expect(other.response.counts.isEmpty && other.response.notes.isEmpty && other.values == [1])
  }

  @Test func ofTwoThatLogUnderOneKeyTheFirstIsLogged() async throws {
    let set = try RewardSet([
      .init(reward("a", columns: ["b/c"], metrics: ["b/c"], seconds: [1])),
      .init(reward("a/b", columns: ["c"], metrics: ["c"])), .init(reward("a/slowest")),
      .init(reward("rewards", columns: ["step"])), .init(reward("step")),
    ])
    let functions = try await set.score(request).functions
    let said = functions.map(\.response)
    #expect(said[0].columns.map(\.name) == ["b/c"] && said[0].metrics.count == 1)
    // The time of another reward stands where that of the slowest score would.
    #expect(functions[0].slowestSeconds == nil)
    #expect(said[1].columns.isEmpty && said[1].metrics.isEmpty)
    #expect(said[1].counts.first?.value == 2)
    #expect(said[3].columns.isEmpty && said[3].counts.first?.value == 1)
  }

  @Test func partsOfABatchHaveKeysTogether() async throws {
    let first = try await RewardSet([
      .init(reward("a")), .init(reward("a/b", columns: ["c"])),
    ]).score(request)
    let second = try await RewardSet([
      .init(reward("a", columns: ["b/c"])), .init(reward("a/b")),
    ]).score(request)
    let whole = first.appending(second).functions.map(\.response)
    #expect(whole[0].columns.first?.values == [nil, "mine"])
    #expect(whole[1].columns.isEmpty && whole[1].counts.first?.value == 1)
  }
}
