import Formats
import Rewards
import Testing

@Suite struct RewardSetTests {
  private let request = RewardRequest(
    step: 3,
    completions: [.of("a", tokens: 3), .of("b", tokens: 1), .of("c", tokens: 0)])

  private func fixed(_ name: String, _ scores: Score...) -> FixedReward {
    FixedReward(name: name, response: RewardResponse(scores: scores))
  }

  @Test func rewardIsTheWeightedSum() async throws {
    let set = try RewardSet([
      .init(fixed("x", .value(1), .value(2), .value(4)), weight: 0.5),
      .init(fixed("y", .value(10), .value(-1), .value(0))),
    ])
    let report = try await set.score(request)
    #expect(report.outcomes.map(\.total) == [10.5, 0, 2])
    #expect(report.functions.map(\.name) == ["x", "y"])
    #expect(report.functions[0].values == [1, 2, 4])
  }

  @Test func aCompletionsRewardIsEarnedAtItsLastToken() async throws {
    let set = try RewardSet([.init(fixed("x", .value(1), .value(2), .value(4)))])
    let report = try await set.score(request)
    let rewards = report.outcomes.compactMap(\.reward)
    #expect(rewards.count == 3)
    #expect(rewards[0].entries == [TokenReward(index: 2, reward: 1)])
    #expect(rewards[1].entries == [TokenReward(index: 0, reward: 2)])
    // No token to earn it, but earned.
    #expect(rewards[2].entries == [] && rewards[2].total == 4)
  }

  @Test func streamsOfSeveralFunctionsAreMergedByToken() async throws {
    let steps: Score = .stream([.init(index: 2, reward: 3), .init(index: 0, reward: 1)])
    let set = try RewardSet([
      .init(fixed("x", steps, .stream([]), .notApplicable), weight: 2),
      .init(fixed("y", .value(10), .value(1), .value(1))),
    ])
    let report = try await set.score(request)
    let reward = try #require(report.outcomes[0].reward)
    #expect(
      reward.entries == [TokenReward(index: 0, reward: 2), TokenReward(index: 2, reward: 16)])
    #expect(reward.total == 18)
  }

  @Test func whatDoesNotApplyLeavesTheOtherWeightsAsTheyAre() async throws {
    let set = try RewardSet([
      .init(fixed("x", .notApplicable, .notApplicable, .value(1)), weight: 0.9),
      .init(fixed("y", .value(2), .notApplicable, .value(2)), weight: 0.1),
    ])
    let report = try await set.score(request)
    #expect(report.outcomes[0].total == 0.2)
    #expect(report.outcomes[1] == .unscored)
    #expect(report.outcomes[2].total == 0.9 + 0.2)
    #expect(report.outcomes.count { $0 == .unscored } == 1 && report.maskedCount == 0)
    #expect(report.functions[0].response.scores.count { $0 == .notApplicable } == 2)
  }

  @Test func aFailedScoreMasksItsCompletionAndIsNeverZero() async throws {
    let set = try RewardSet([
      .init(fixed("x", .value(1), .failed("no\nline"), .failed("later")), weight: 0),
      .init(fixed("y", .value(2), .value(2), .notApplicable)),
    ])
    let report = try await set.score(request)
    #expect(report.outcomes[0].total == 2)
    #expect(report.outcomes[1] == .masked && report.outcomes[2] == .masked)
    #expect(report.outcomes[1].total == nil)
    #expect(report.maskedCount == 2)
    #expect(report.functions[0].failureCount == 2)
    #expect(report.functions[0].firstFailure == "no\\nline")
    #expect(report.functions[0].values == [1, nil, nil])
    #expect(report.functions[1].failureCount == 0 && report.functions[1].firstFailure == nil)
  }

  @Test func aResponseOfWrongLengthIsAnError() async throws {
    let set = try RewardSet([.init(fixed("x", .value(1)))])
    let error = RewardError.failed(
      reward: "x", problem: "returned 1 scores for 3 completions")
    await #expect(throws: error) { _ = try await set.score(request) }
  }

  @Test(arguments: [Double.infinity, -.infinity])
  func anInfiniteRewardIsAnError(value: Double) async throws {
    let error = RewardError.failed(
      reward: "x", problem: "completion 1: reward is not finite (got \(value))")
    let values = try RewardSet([.init(fixed("x", .value(1), .value(value), .value(1)))])
    await #expect(throws: error) { _ = try await values.score(request) }
    let steps: Score = .stream([.init(index: 0, reward: value)])
    let streams = try RewardSet([.init(fixed("x", .value(1), steps, .value(1)))])
    await #expect(throws: error) { _ = try await streams.score(request) }
  }

  @Test func notANumberIsAnError() async throws {
    let set = try RewardSet([.init(fixed("x", .value(1), .value(.nan), .value(1)))])
    await #expect {
      _ = try await set.score(request)
    } throws: {
      String(describing: $0) == "reward 'x': completion 1: reward is not finite (got nan)"
    }
  }

  @Test(arguments: [-1, 1, Int.max])
  func aRewardForATokenTheCompletionHasNotGotIsAnError(token: Int) async throws {
    let steps: Score = .stream([.init(index: token, reward: 1)])
    let set = try RewardSet([.init(fixed("x", .value(1), steps, .value(1)))])
    let error = RewardError.failed(
      reward: "x",
      problem: "completion 1: reward for token \(token) of a completion of 1 tokens")
    await #expect(throws: error) { _ = try await set.score(request) }
  }

  @Test func aSumThatOverflowsIsAnError() async throws {
    let set = try RewardSet([.init(fixed("x", .value(1), .value(1e308), .value(1)), weight: 10)])
    await #expect(throws: RewardError.sumNotFinite(completion: 1)) {
      _ = try await set.score(request)
    }
  }

  @Test func aMetricThatIsNotFiniteCostsNoScore() async throws {
    let response = RewardResponse(
      scores: [.value(1), .value(1), .value(1)],
      metrics: [Metric(Metric.Name("loss"), -.infinity), Metric(Metric.Name("size"), 2)])
    let report = try await RewardSet([.init(FixedReward(name: "x", response: response))])
      .score(request)
    #expect(report.functions[0].values == [1, 1, 1])
    #expect(report.functions[0].response.metrics.map(\.name.text) == ["size"])
    #expect(report.functions[0].response.counts.map(\.value) == [1])
    #expect(
      report.functions[0].response.notes == [
        "1 logged values were ignored: metrics.loss: got -inf; need a finite number"
      ])
  }

  @Test func anErrorThrownIsNamedAfterItsFunction() async throws {
    struct Broken: RewardFunction {
      let name = "broken"
      func score(_ request: RewardRequest) throws -> RewardResponse { throw ScoreFailure("why") }
    }
    let set = try RewardSet([.init(Broken())])
    await #expect(throws: RewardError.failed(reward: "broken", problem: "why")) {
      _ = try await set.score(request)
    }
  }

  @Test func setsThatCannotBeAreRefused() {
    #expect(throws: RewardError.noReward) { _ = try RewardSet([]) }
    #expect(throws: RewardError.duplicateName("x")) {
      _ = try RewardSet([.init(fixed("x")), .init(fixed("x"))])
    }
    #expect(throws: RewardError.badWeight(reward: "x", weight: .infinity)) {
      _ = try RewardSet([.init(fixed("x"), weight: .infinity)])
    }
    // Canonically equivalent names are different names.
    #expect(throws: Never.self) {
      _ = try RewardSet([.init(fixed("\u{e9}")), .init(fixed("e\u{301}"))])
    }
  }

  @Test func whatWasStartedIsStoppedWhenALaterStartFails() async throws {
    let first = StartableReward(name: "first", failsToStart: false)
    let second = StartableReward(name: "second", failsToStart: true)
    let set = try RewardSet([.init(first), .init(second)])
    await #expect(throws: RewardError.cannotStart(reward: "second", problem: "told so")) {
      try await set.whileStarted { Issue.record("one did not start") }
    }
    #expect(await first.isRunning == false)
    #expect(await first.startCount == 1)
  }

  @Test func functionsRunWhileTheBodyDoesAndStopHoweverItEnds() async throws {
    struct Fault: Error {}
    let reward = StartableReward(name: "one", failsToStart: false)
    let set = try RewardSet([.init(reward)])
    #expect(try await set.whileStarted { await reward.isRunning })
    #expect(await reward.isRunning == false)
    await #expect(throws: Fault.self) { try await set.whileStarted { throw Fault() } }
    #expect(await reward.isRunning == false)
    #expect(await reward.startCount == 2)
  }

  @Test func aCancelledTaskStopsThemAsAnyOther() async throws {
    let reward = StartableReward(name: "one", failsToStart: false)
    let set = try RewardSet([.init(reward)])
    let task = Task {
      try await set.whileStarted { try await Task.sleep(for: .seconds(86_400)) }
    }
    while await reward.isRunning == false { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(await reward.isRunning == false)
    #expect(await reward.wasCancelledWhenStopped == false)
  }

  @Test func anEmptyRequestGivesAnEmptyReport() async throws {
    let set = try RewardSet([.init(FixedReward(name: "x", response: RewardResponse(scores: [])))])
    let report = try await set.score(RewardRequest(step: 0, completions: []))
    #expect(report.outcomes.isEmpty && report.functions.count == 1)
  }

  // MARK: Failed scores

  @Test func aFailedScoreCanEndTheRun() async throws {
    let set = try RewardSet([
      .init(fixed("x", .value(1), .failed("why"), .value(1)), onError: .fail)
    ])
    await #expect(throws: RewardError.scoreFailed(reward: "x", reason: "why")) {
      try await set.score(request)
    }
  }

  @Test func aFailedScoreCanBeZeroAndIsCounted() async throws {
    let set = try RewardSet([
      .init(fixed("x", .value(1), .failed("why"), .value(1)), onError: .zero),
      .init(fixed("y", .value(2), .value(3), .failed("else"))),
    ])
    let report = try await set.score(request)
    #expect(report.outcomes.map(\.total) == [3, 3, nil])
    #expect(report.outcomes[2] == .masked)
    #expect(report.functions[0].failureCount == 1)
    #expect(report.functions[0].values == [1, nil, 1])
  }

  @Test func aRewardOutOfItsRangeHasFailed() async throws {
    let stream: Score = .stream([.init(index: 0, reward: 0.5), .init(index: 2, reward: 1)])
    let set = try RewardSet([
      .init(fixed("x", stream, .value(-0.5), .value(1)), range: 0...1)
    ])
    let report = try await set.score(request)
    #expect(report.outcomes.map(\.total) == [nil, nil, 1])
    #expect(report.functions[0].firstFailure == "got 1.5; need 0.0 to 1.0")
  }

  @Test func columnsHaveAValueForEachCompletion() async throws {
    var function = fixed("x", .value(1), .value(2), .value(3))
    function.response.columns = [("kind", [1, nil, "z"])]
    let report = try await RewardSet([.init(function)]).score(request)
    #expect(report.functions[0].response.columns.first?.values == [1, nil, "z"])
    function.response.columns = [("kind", [1]), ("sort", [1, 2, 3])]
    let partly = try await RewardSet([.init(function)]).score(request).functions[0]
    #expect(partly.values == [1, 2, 3] && partly.response.columns.map(\.name) == ["sort"])
    #expect(
      partly.response.notes == [
        "1 logged values were ignored: columns.kind: got 1 values; sent 3 completions"
      ])
  }

  @Test func reportsOfPartsMakeTheReportOfTheWhole() async throws {
    var function = fixed("x", .value(1), .value(2), .failed("why"))
    function.response.columns = [("kind", [1, 2, 3])]
    let report = try await RewardSet([.init(function)]).score(request)
    let joined = report.selecting([2]).appending(report.selecting([0, 1]))
    #expect(joined.outcomes == [report.outcomes[2], report.outcomes[0], report.outcomes[1]])
    #expect(joined.functions[0].response.columns.first?.values == [3, 1, 2])
    var other = report
    other.functions[0].response.columns = [("mood", [4, 5, 6])]
    let padded = report.appending(other).functions[0].response.columns
    #expect(padded.map(\.name) == ["kind", "mood"])
    #expect(padded.map(\.values) == [[1, 2, 3, nil, nil, nil], [nil, nil, nil, 4, 5, 6]])
  }
}

private actor StartableReward: RewardFunction {
  nonisolated let name: String
  private let failsToStart: Bool
  private(set) var isRunning = false
  private(set) var startCount = 0
  private(set) var wasCancelledWhenStopped = false

  init(name: String, failsToStart: Bool) {
    self.name = name
    self.failsToStart = failsToStart
  }

  func start() throws {
    if failsToStart { throw RewardError.cannotStart(reward: name, problem: "told so") }
    startCount += 1
    isRunning = true
  }

  func stop() {
    isRunning = false
    wasCancelledWhenStopped = Task.isCancelled
  }

  func score(_ request: RewardRequest) -> RewardResponse { RewardResponse(scores: []) }
}
