import Formats
import Foundation
import RewardPlugins
import Rewards
import TestSupport
import Testing

@Suite(.inTurn) struct CommandRewardTests {
  @Test func theExampleScores() async throws {
    try #require(
      ScriptFolder.isInPath("python3"), "this test needs python3, which is not installed")
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let folder = try ScriptFolder()
    let options = folder.options { $0.directory = root + "/Examples" }
    let reward = try CommandReward(["./score.py"], options: options)
    #expect(reward.name == "score")
    try await reward.start()
    for step in 1...3 {
      let response = try await reward.score(.of("4", " 4\n", "four", step: step))
      #expect(response.scores == [.value(1), .value(1), .value(-0.04)])
      #expect(response.metrics.map(\.name.text) == ["right"] && response.metrics[0].value == 2)
    }
    await reward.stop()
  }

  @Test func requestsSayAllThereIs() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          open("request.json", "w").write(json.dumps(request))
          reply(request, rewards=[0.5, None], id=request["id"])
      """)
    #expect(try await reward.scorePair() == [.value(0.5), .notApplicable])
    await reward.stop()
    let text = try #require(folder.read("request.json"))
    let request = try JSON(parsing: Array(text.utf8), file: "request.json")
    #expect(
      request == [
        "id": 1, "step": 1, "query": ["2+2=4", "2+2=5"], "prompts": ["2+2=", "2+2="],
        "completions": ["4", "5"], "completion_ids": [[7, 8], [7, 8]],
        "finish_reasons": ["stop", "stop"], "labels": ["4", "4"],
        "columns": ["question": ["2+2", "2+2"], "level": [1, 1]],
      ])
  }

  @Test func oneProcessServesAllRequestsUntilItIsStopped() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      open("pid", "w").write(str(os.getpid()))
      for count, request in enumerate(requests()):
          reply(request, rewards=[count] * n(request))
      open("ended", "w").write("by itself")
      """
    ) { $0.grace = .seconds(PluginOptions.longestTimeout) }
    try await reward.start()
    for count in 0..<5 {
      #expect(try await reward.scorePair() == [.value(Double(count)), .value(Double(count))])
    }
    #expect(exists(folder.read("pid")))
    await reward.stop()
    #expect(folder.read("ended") == "by itself")
    #expect(!exists(folder.read("pid")))
  }

  @Test func requestsAtTheSameTimeAreServedOneByOne() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          reply(request, rewards=[request["step"]] * n(request))
      """)
    let steps = try await withThrowingTaskGroup(of: (Int, [Score]).self) { group in
      for step in 0..<8 {
        group.addTask { (step, try await reward.score(.of("a", step: step)).scores) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for step in 0..<8 { #expect(steps[step] == [.value(Double(step))]) }
    await reward.stop()
  }

  @Test func replySaysWhatAppliesWhatFailedAndWhatToLog() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          reply(request, rewards=[1, None, 3, None], error=[None, None, "bad row", None],
                step_rewards=[None, None, None, [{"end": 1, "reward": 1}, {"end": 3, "reward": 2}]],
                metrics={"speed": 2}, extra_logs={"dummy": [1, 2, 6]}, scores=[0, 0, 0, 0],
                columns={"kind": ["x", None, {"y": 1}, 4]}, seconds=[0, 0.5, 1, 2])
      """)
    var request = RewardRequest.of("a", "b", "c", "d,e")
    request.completions[3].tokenEnds = { [1, 3] }
    let response = try await reward.score(request)
    #expect(
      response.scores == [
        .value(1), .notApplicable, .failed("bad row"),
        .stream([TokenReward(index: 0, reward: 1), TokenReward(index: 1, reward: 2)]),
      ])
    #expect(response.metrics.map(\.name.text) == ["speed", "dummy"])
    #expect(response.metrics.map(\.value) == [2, 3])
    #expect(response.columns.map(\.name) == ["kind"])
    #expect(response.columns[0].values == ["x", nil, ["y": 1], 4])
    #expect(response.seconds == [0, 0.5, 1, 2])
    await reward.stop()
  }

  @Test func isNamedAfterItsProgram() throws {
    #expect(try CommandReward(["./a/score.v2.py", "-x"]).name == "score")
    #expect(try CommandReward(["python3", "score.py"]).name == "python3")
    #expect(try CommandReward(["./score.py"], name: "style").name == "style")
  }

  @Test(arguments: [0, -1, Double.nan, .infinity, 86_401])
  func aTimeoutOutOfRangeIsRefused(timeout: Double) {
    let problem = "got \(timeout); need seconds, more than 0 and at most 86400.0"
    #expect(
      throws: RewardError.badOption(reward: "command", option: "timeout", problem: problem)
    ) {
      var options = PluginOptions()
      options.timeout = timeout
      _ = try CommandReward(["./score.py"], options: options)
    }
  }

  @Test(arguments: [[], [""], ["", "x"]])
  func anEmptyCommandIsRefused(command: [String]) {
    #expect(
      throws: RewardError.badOption(
        reward: "command", option: "command", problem: "empty (need a program)")
    ) {
      _ = try CommandReward(command)
    }
  }

  @Test func lettingGoOfARewardEndsItsCommand() async throws {
    let folder = try ScriptFolder()
    do {
      let reward = try await folder.shell(
        "echo $$ >pid; while read line; do :; done; echo x >ended"
      ) { $0.grace = .seconds(PluginOptions.longestTimeout) }
      try await reward.start()
      try await waitUntil { folder.read("pid")?.hasSuffix("\n") == true }
    }
    try await waitUntil { folder.read("ended") != nil }
    try await waitUntil { !exists(folder.read("pid")) }
  }

  @Test func cancellingARequestKillsTheCommand() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          open("pid", "w").write(str(os.getpid()))
          time.sleep(1000)
      """)
    let request = Task { try await reward.scorePair() }
    try await waitUntil { folder.read("pid")?.isEmpty == false }
    request.cancel()
    await #expect(throws: CancellationError.self) { _ = try await request.value }
    #expect(!exists(folder.read("pid")))
  }
}
