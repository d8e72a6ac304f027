import Foundation
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// Output of any size and kind neither blocks a request nor passes for its reply.
@Suite(.inTurn) struct CommandOutputTests {
  @Test func aFloodOnStandardErrorNeverBlocks() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      chunk = b"x" * 65535 + b"\\n"
      for request in requests():
          for _ in range(1024): os.write(2, chunk)
          reply(request, rewards=[1] * n(request))
      """)
    #expect(try await reward.scorePair() == [.value(1), .value(1)])
    await reward.stop()
  }

  @Test func standardErrorIsDrainedBetweenRequests() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          reply(request, rewards=[1] * n(request))
          os.write(2, b"x" * (1 << 20))
          open("drained", "w").write("yes")
      """)
    #expect(try await reward.scorePair() == [.value(1), .value(1)])
    try await waitUntil { folder.read("drained") == "yes" }
    await reward.stop()
  }

  @Test func aFloodWithoutALineEndIsAnError() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("read line; cat /dev/zero")
    #expect(failure(try await reward.scorePair()) == "its reply is longer than 8388608 bytes")
  }

  @Test func aFloodBetweenRequestsIsAnError() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell(
      "read line; reply '[1, 2]'; exec yes")
    // Whether the flood is noticed behind the reply, before the next request or as its reply is a
    // race.
    var scores = try await reward.scorePair()
    if scores == [.value(1), .value(2)] { scores = try await reward.scorePair() }
    let reason = try #require(failure(scores))
    let isUnasked = reason.hasPrefix("it wrote a line that is not a reply: y")
    #expect(isUnasked || reason.hasPrefix("reply: no JSON"), "\(reason)")
  }

  @Test func aSlowReaderOfALargeRequestDoesNotBlock() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      reply_size = 0
      data = bytearray()
      while not data.endswith(b"\\n"):
          data += os.read(0, 4096)
          if len(data) < 200_000: time.sleep(0.002)
      request = json.loads(data)
      print(json.dumps({"id": request["id"], "rewards": [len(text) for text in request["completions"]],
                        "padding": "x" * 4_000_000}), flush=True)
      """)
    let text = String(repeating: "é\n\"", count: 500_000)
    let response = try await reward.score(.of(text, "5"))
    #expect(response.scores == [.value(1_500_000), .value(1)])
    await reward.stop()
  }

  @Test func aReplyThatStartsBeforeTheRequestIsReadDoesNotBlock() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      sys.stdin.buffer.raw.read(1)
      print('{"padding": "' + "x" * 4_000_000, end='", ', flush=True)
      sys.stdin.readline()
      print('"rewards": [1], "id": 1}', flush=True)
      """)
    let text = String(repeating: "x", count: 4_000_000)
    #expect(try await reward.score(.of(text)).scores == [.value(1)])
    await reward.stop()
  }

  @Test func aCommandThatNeverReadsEndsAtTheDeadline() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("exec sleep 1000", timeout: 0.5)
    let text = String(repeating: "x", count: 1_000_000)
    #expect(failure(try await reward.score(.of(text, text)).scores) == "no reply within 0.5 s")
  }

  // MARK: Garbage

  @Test(arguments: [
    ("hello", "no JSON"), ("", "no JSON"),
    ("{\"rewards\": [NaN, 1], \"id\": 1}", "rewards[0]: got nan; need a number or null"),
    ("{\"rewards\": [1, 1e999], \"id\": 1}", "rewards[1]: got 1e999; need a number or null"),
    ("{\"rewards\": [1], \"id\": 1}", "rewards: got 1 values; sent 2"),
    ("{\"rewards\": [\"0.5\", 1], \"id\": 1}", "rewards[0]: got \"0.5\"; need a number or null"),
    ("{\"rewards\": [1, true], \"id\": 1}", "rewards[1]: got true; need a number or null"),
    ("{\"rewards\": [1, 2], \"id\": 99}", "id: got 99; need 1"),
  ])
  func aWrongReplyFailsItsRequestAndEndsTheProcess(reply: String, reason: String) async throws {
    let folder = try ScriptFolder()
    try folder.write("reply", reply + "\n")
    let reward = try await folder.shell("echo $$ >pid; read line; cat reply; read line; read line")
    let found = failure(try await reward.scorePair())
    #expect(found?.hasPrefix("reply: \(reason)") == true, "\(found ?? "no failure")")
    #expect(!exists(folder.read("pid")))
    try folder.write("reply", "{\"rewards\": [3, 4], \"id\": 2}\n")
    #expect(try await reward.scorePair() == [.value(3), .value(4)])
    await reward.stop()
  }

  /// What comes behind a reply, and what a message says of it.
  static let extras = [
    ("{\"rewards\": [3, 4]}\\n", "{\"rewards\": [3, 4]}"), ("\\n", "\\n"), ("x", "x"),
  ]

  @Test(arguments: extras)
  func whatComesInOneWriteWithAReplyFailsItsRequest(extra: (String, String)) async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          line = json.dumps({"id": request["id"], "rewards": [1, 2]}) + "\\n"
          if request["step"] != 2: line += '\(extra.0)'
          os.write(1, line.encode())
      """)
    let reason = failure(try await reward.scorePair())
    #expect(
      reason?.hasPrefix("it wrote a line that is not a reply: \(extra.1)") == true,
      "\(reason ?? "")")
    try await reward.confirm()
    #expect(try await reward.score(.of("4", "5", step: 2)).scores == [.value(1), .value(2)])
    try await reward.confirm()
    await reward.stop()
  }

  @Test(arguments: extras)
  func whatComesRightBehindAReplyFailsItsRequestOrTheStep(extra: (String, String)) async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          reply(request, rewards=[1, 2])
          os.write(1, '\(extra.0)'.encode())
          open("said", "w").close()
      """)
    let told = "it wrote a line that is not a reply: \(extra.1)"
    let scores = try await reward.scorePair()
    if let reason = failure(scores) {
      #expect(reason.hasPrefix(told), "\(reason)")
      try await reward.confirm()
    } else {
      // On a busy machine any time may lie between two writes.
      try await waitUntil { folder.read("said") != nil }
      await #expect {
        try await reward.confirm()
      } throws: {
        "\($0)".hasPrefix("reward 'test': some of its scores may be wrong: \(told)")
      }
    }
    await reward.stop()
  }

  /// Placeholders, each of which is taken for the reply, so that the reply comes for the next request.
  @Test func aReplyToAnEarlierRequestMakesTheScoresDoubtful() async throws {
    for extra in ["", "reply(request, rewards=[0, 0])"] {
      let folder = try ScriptFolder()
      let reward = try await folder.python(
        """
        last = None
        for request in requests():
            if last:
                reply(last, rewards=[1, 2])
                \(extra)
            else: reply(request, rewards=[0, 0])
            last = request
        """)
      #expect(try await reward.scorePair() == [.value(0), .value(0)])
      #expect(failure(try await reward.scorePair()) != nil)
      await #expect(throws: RewardError.self) { try await reward.confirm() }
      await reward.stop()
    }
  }

  /// Later than any look at the pipe that a reply could wait for.
  @Test(arguments: [PluginOptions.IDs.required, .off], [true, false])
  func whatComesLaterMakesTheScoresDoubtful(ids: PluginOptions.IDs, asksAgain: Bool) async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          reply(request, rewards=[1, 2])
          while not os.path.exists("go"): time.sleep(0.01)
          reply(request, rewards=[3, 4])
          open("said", "w").close()
      """
    ) { $0.ids = ids }
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    try folder.write("go", "")
    try await waitUntil { folder.read("said") != nil }
    // Whether the line is noticed before the next request or as its reply is a race.
    if asksAgain { #expect(failure(try await reward.scorePair()) != nil) }
    let line = asksAgain ? "" : "it wrote a line that is not a reply: {\"id\": 1, "
    await #expect {
      try await reward.confirm()
    } throws: {
      "\($0)".hasPrefix("reward 'test': some of its scores may be wrong: \(line)")
    }
    await reward.stop()
  }

  @Test func aDebugLineBeforeTheReplyIsAnError() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("read line; echo scoring; reply '[1, 2]'; read x")
    let reason = try #require(failure(try await reward.scorePair()))
    #expect(reason.hasPrefix("reply: no JSON") && reason.hasSuffix(": scoring"))
  }
}
