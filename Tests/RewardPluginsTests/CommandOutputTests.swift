import Foundation
import RewardPlugins
import Rewards
import Testing

/// Output of any size and kind neither blocks a request nor passes for its reply.
@Suite struct CommandOutputTests {
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
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    let reason = try #require(failure(try await reward.scorePair()))
    // Whether the flood is noticed before the request or in place of its reply is a race.
    #expect(
      reason.hasPrefix("it wrote a line that is no reply: y") || reason.hasPrefix("reply: no JSON"))
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

  @Test func anExtraLineFailsTheNextRequestAndIsNotItsReply() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          reply(request, rewards=[1, 2])
          print('{"rewards": [3, 4]}', flush=True)
      """)
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    let reason = failure(try await reward.scorePair())
    #expect(reason?.hasPrefix("it wrote a line that is no reply: {\"rewards\": [3, 4]}") == true)
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    await reward.stop()
  }

  @Test func aDebugLineBeforeTheReplyIsAnError() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("read line; echo scoring; reply '[1, 2]'; read x")
    let reason = try #require(failure(try await reward.scorePair()))
    #expect(reason.hasPrefix("reply: no JSON") && reason.hasSuffix(": scoring"))
  }
}
