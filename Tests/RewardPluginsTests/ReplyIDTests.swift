import Formats
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// No reply passes for one to another request.
@Suite(.inTurn) struct ReplyIDTests {
  /// The right scores of a request: its step.
  private static let right = "[request['step']] * n(request)"

  private func scores(of reward: CommandReward, steps: Int = 4) async throws -> [[Score]] {
    var scores: [[Score]] = []
    for step in 1...steps {
      scores.append(try await reward.score(.of("4", "5", step: step)).scores)
    }
    await reward.stop()
    return scores
  }

  /// Whether every score is the right one or failed.
  private func areNeverWrong(_ scores: [[Score]]) -> Bool {
    zip(1..., scores).allSatisfy { step, scores in
      scores.allSatisfy { $0.failureReason != nil || $0 == .value(Double(step)) }
    }
  }

  // MARK: Without an id

  static let nameless = [
    // A placeholder before the reply; a line that is said again; one reply behind.
    "print('{\"rewards\": [0, 0]}', flush=True); reply(request, rewards=RIGHT)",
    "print(json.dumps({\"rewards\": RIGHT}), flush=True)",
    "reply(request, rewards=RIGHT, id=None)",
  ]

  @Test(arguments: nameless)
  func aReplyWithoutAnIDEndsTheRun(body: String) async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      open("pid", "w").write(str(os.getpid()))
      for request in requests():
          \(body.replacing("RIGHT", with: Self.right))
      """)
    await #expect(throws: RewardError.withoutID(reward: "test")) {
      try await reward.score(.of("4", "5"))
    }
    #expect(!exists(folder.read("pid")))
  }

  @Test func oneOfTwoWorkersWithoutAnIDEndsTheRun() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          if "a" in request["prompts"]: print('{"rewards": [0]}', flush=True)
          reply(request, rewards=[1] * n(request))
      """
    ) { $0.workers = 2 }
    var request = RewardRequest.of("4", "5")
    request.completions[1].prompt = "a"
    await #expect(throws: RewardError.withoutID(reward: "test")) { try await reward.score(request) }
    await reward.stop()
  }

  // MARK: With the id of another request

  static let mistaken = [
    "reply(last or {\"id\": -1}, rewards=[9, 9]); reply(request, rewards=RIGHT)",
    "reply(request, rewards=RIGHT); reply(request, rewards=RIGHT)",
    "reply(last or request, rewards=[(last or request)[\"step\"]] * n(request))",
    "reply({\"id\": request[\"id\"] + 1}, rewards=[9, 9])",
    "reply({\"id\": str(request[\"id\"])}, rewards=[9, 9])",
  ]

  @Test(arguments: mistaken)
  func aReplyToAnotherRequestIsNeverBelieved(body: String) async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      last = None
      for request in requests():
          \(body.replacing("RIGHT", with: Self.right))
          last = request
      """)
    let found = try await scores(of: reward)
    #expect(areNeverWrong(found), "\(found)")
    #expect(found.contains { failure($0) != nil })
  }

  @Test func anIDIsNotGivenTwiceWhicheverWorkerAsks() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          if request["id"] == 3: os._exit(1)
          reply(request, rewards=[request["id"]] * n(request))
      """
    ) { $0.workers = 2 }
    var request = RewardRequest.of("4", "5")
    request.completions[1].prompt = "a"
    var ids: [Double] = []
    for _ in 0..<3 { ids += try await reward.score(request).scores.compactMap(\.total) }
    #expect(ids == [1, 2, 5, 4, 7, 6])
    await reward.stop()
  }

  // MARK: With ids off

  @Test func whatArrivesBetweenRequestsIsDiscardedAndCounted() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          if request["step"] > 1: print(", 7] and so on", flush=True)
          print(json.dumps({"rewards": \(Self.right)}), flush=True)
          print('scored\\n{"level": "info"}\\n{"rewards": [7', end="", flush=True)
          open(f"said{request['step']}", "w").close()
      """
    ) { $0.ids = .off }
    #expect(reward.warnings.count == 1)
    var discarded: [Int] = []
    for step in 1...3 {
      let response = try await reward.score(.of("4", "5", step: step))
      #expect(response.scores == [.value(Double(step)), .value(Double(step))])
      discarded.append(response.counts.first { $0.name == .discardedReplies }?.value ?? 0)
      #expect(response.notes.isEmpty == (step == 1))
      try await waitUntil { folder.read("said\(step)") != nil }
    }
    #expect(discarded == [0, 3, 3])
    await reward.stop()
  }

  @Test func oneOfTwoRepliesToARequestIsNotBelieved() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          right = json.dumps({"rewards": \(Self.right)})
          os.write(1, f'{{"rewards": [9, 9]}}\\n{right}\\n'.encode())
      """
    ) { $0.ids = .off }
    for scores in try await scores(of: reward) {
      #expect(failure(scores)?.hasPrefix("it wrote a line that is not a reply: {") == true)
    }
  }

  @Test func anIDThatIsThereMustBeRightAllTheSame() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      "for request in requests(): reply({\"id\": 99}, rewards=[1, 2])"
    ) { $0.ids = .off }
    #expect(failure(try await reward.scorePair()) == "reply: id: got 99; need 1")
  }

  @Test func aFloodBetweenRequestsIsStillAnError() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("read line; echo '{\"rewards\": [1, 2]}'; exec yes") {
      $0.ids = .off
    }
    var scores = try await reward.scorePair()
    if scores == [.value(1), .value(2)] { scores = try await reward.scorePair() }
    let reason = try #require(failure(scores))
    #expect(
      reason.hasPrefix("it wrote a line that is not a reply: y") || reason.hasPrefix("reply: "))
  }
}
