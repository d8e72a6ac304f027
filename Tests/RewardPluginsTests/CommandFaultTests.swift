import Foundation
import Glibc
import RewardPlugins
import Rewards
import Testing

/// Whatever a command does, its scores fail with a reason, it is killed, and the next request
/// finds a fresh one.
@Suite struct CommandFaultTests {
  // MARK: Before the first step

  @Test func aMissingCommandDoesNotStart() async throws {
    let folder = try ScriptFolder()
    for command in ["./missing.py", "no-such-program-anywhere", "/no/such/folder/score.py"] {
      let reward = try CommandReward([command], name: "math", directory: folder.path)
      await #expect {
        try await reward.start()
      } throws: {
        String(describing: $0).hasPrefix("reward 'math': cannot start: \(command): No such file")
      }
    }
  }

  @Test func aFileThatIsNotExecutableDoesNotStart() async throws {
    let folder = try ScriptFolder()
    try folder.write("score.py", "#!/bin/sh\ncat", mode: 0o644)
    let reward = try CommandReward(["./score.py"], name: "math", directory: folder.path)
    await #expect(
      throws: RewardError.cannotStart(
        reward: "math", problem: "./score.py: Permission denied; it is not executable")
    ) {
      try await reward.start()
    }
  }

  @Test func aCommandThatEndsAtOnceDoesNotStart() async throws {
    let folder = try ScriptFolder()
    // The settling time is a limit that this command never reaches.
    let reward = try folder.shell("echo first >&2; echo no licence >&2; exit 3", settling: 60)
    await #expect(
      throws: RewardError.cannotStart(
        reward: "test",
        problem: "./score.sh: it ended (exit status 3); its last error line: no licence")
    ) {
      try await reward.start()
    }
  }

  @Test func aCommandThatWritesBeforeItIsAskedDoesNotStart() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell("echo loading; sleep 1000", settling: 60)
    await #expect(
      throws: RewardError.cannotStart(
        reward: "test", problem: "./score.sh: it wrote a line that is no reply: loading\\u{a}")
    ) {
      try await reward.start()
    }
  }

  // MARK: Crashes

  @Test(arguments: [SIGSEGV, SIGKILL, SIGABRT, SIGTERM])
  func aCrashFailsOneRequestOnly(signal: Int32) async throws {
    let folder = try ScriptFolder()
    let reward = try folder.python(
      """
      import resource
      resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
      life = open("lives", "a")
      life.write("x"); life.close()
      for count, request in enumerate(requests()):
          if count == 2 and os.path.getsize("lives") == 1:
              print("about to die", file=sys.stderr, flush=True)
              os.kill(os.getpid(), \(signal))
          reply(request, rewards=[count] * n(request))
      """)
    #expect(try await reward.scorePair() == [.value(0), .value(0)])
    #expect(try await reward.scorePair() == [.value(1), .value(1)])
    #expect(
      failure(try await reward.scorePair())
        == "it ended (signal \(signal)); its last error line: about to die")
    #expect(try await reward.scorePair() == [.value(0), .value(0)])
    #expect(folder.read("lives") == "xx")
    await reward.stop()
  }

  @Test func aPythonErrorIsShown() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.python("for request in requests(): print(request['prompt'])")
    #expect(
      failure(try await reward.scorePair())
        == "it ended (exit status 1); its last error line: KeyError: 'prompt'")
    await reward.stop()
  }

  @Test func aReplyBeforeTheEndCounts() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell("read line; echo '{\"rewards\": [1, 2]}'; exit 0")
    for _ in 1...2 {
      #expect(try await reward.scorePair() == [.value(1), .value(2)])
      #expect(failure(try await reward.scorePair()) == "it ended (exit status 0)")
    }
  }

  @Test func aCommandThatClosesItsPipesIsKilled() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell(
      "echo $$ >pid; read line; exec <&- >&- ; trap 'exit 7' TERM; sleep 1000 & wait")
    #expect(failure(try await reward.scorePair()) == "it ended (exit status 7)")
    #expect(!exists(folder.read("pid")))
  }

  @Test func aCommandThatVanishesMidRunIsAFailureThatNamesItself() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell("read line; exit 1")
    #expect(failure(try await reward.scorePair()) == "it ended (exit status 1)")
    try FileManager.default.removeItem(atPath: folder.path + "/score.sh")
    #expect(failure(try await reward.scorePair()) == "No such file or directory")
  }

  // MARK: Hangs

  @Test func aHangEndsAtTheDeadline() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.python(
      """
      life = open("lives", "a")
      life.write("x"); life.close()
      open("pid", "w").write(str(os.getpid()))
      for request in requests():
          if os.path.getsize("lives") == 1: time.sleep(1000)
          reply(request, rewards=[1] * n(request))
      """, timeout: 1)
    #expect(failure(try await reward.scorePair()) == "no reply within 1 s")
    #expect(!exists(folder.read("pid")))
  }

  @Test func aCommandThatIgnoresTermsOfSurrenderIsKilledWithItsChildren() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell(
      """
      trap '' TERM HUP
      sh -c 'trap "" TERM HUP; while :; do sleep 1000; done' & echo $! >child
      echo $$ >pid
      while :; do sleep 1000; done
      """, timeout: 0.5)
    #expect(failure(try await reward.scorePair()) == "no reply within 0.5 s")
    #expect(!exists(folder.read("pid")))
    #expect(await isGone { folder.read("child") })
  }

  @Test func aBusyLoopEndsAtTheDeadline() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell("echo $$ >pid; while :; do :; done", timeout: 0.5)
    #expect(failure(try await reward.scorePair()) == "no reply within 0.5 s")
    #expect(!exists(folder.read("pid")))
  }

  @Test func aDaemonThatHoldsOurPipesDoesNotHoldUs() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.python(
      """
      child = subprocess.Popen(["sleep", "1000"])
      outsider = subprocess.Popen(["sleep", "4"], start_new_session=True)
      open("child", "w").write(str(child.pid))
      sys.stdin.readline()
      os._exit(5)
      """)
    #expect(failure(try await reward.scorePair()) == "it ended (exit status 5)")
    #expect(await isGone { folder.read("child") })
  }

  // MARK: Floods

  @Test func aFloodOnStandardErrorNeverBlocks() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.python(
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
    let reward = try folder.python(
      """
      for request in requests():
          reply(request, rewards=[1] * n(request))
          os.write(2, b"x" * (1 << 20))
          open("drained", "w").write("yes")
      """)
    #expect(try await reward.scorePair() == [.value(1), .value(1)])
    while folder.read("drained") != "yes" { try await Task.sleep(for: .milliseconds(10)) }
    await reward.stop()
  }

  @Test func aFloodWithoutALineEndIsAnError() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell("read line; cat /dev/zero")
    #expect(failure(try await reward.scorePair()) == "its reply is longer than 8388608 bytes")
  }

  @Test func aFloodBetweenRequestsIsAnError() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell(
      "read line; echo '{\"rewards\": [1, 2]}'; exec yes", timeout: 10)
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    let reason = try #require(failure(try await reward.scorePair()))
    // Whether the flood is noticed before the request or in place of its reply is a race.
    #expect(
      reason.hasPrefix("it wrote a line that is no reply: y") || reason.hasPrefix("reply: no JSON"))
  }

  @Test func aSlowReaderOfALargeRequestDoesNotBlock() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.python(
      """
      reply_size = 0
      data = bytearray()
      while not data.endswith(b"\\n"):
          data += os.read(0, 4096)
          if len(data) < 200_000: time.sleep(0.002)
      request = json.loads(data)
      print(json.dumps({"rewards": [len(text) for text in request["completions"]],
                        "columns": {"pad": "x" * 4_000_000}}), flush=True)
      """)
    let text = String(repeating: "é\n\"", count: 500_000)
    let response = try await reward.score(.of(text, "5"))
    #expect(response.scores == [.value(1_500_000), .value(1)])
    await reward.stop()
  }

  @Test func aReplyThatStartsBeforeTheRequestIsReadDoesNotBlock() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.python(
      """
      sys.stdin.buffer.raw.read(1)
      print('{"columns": "' + "x" * 4_000_000, end='", ', flush=True)
      sys.stdin.readline()
      print('"rewards": [1]}', flush=True)
      """)
    let text = String(repeating: "x", count: 4_000_000)
    #expect(try await reward.score(.of(text)).scores == [.value(1)])
    await reward.stop()
  }

  @Test func aCommandThatNeverReadsEndsAtTheDeadline() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell("exec sleep 1000", timeout: 0.5)
    let text = String(repeating: "x", count: 1_000_000)
    #expect(failure(try await reward.score(.of(text, text)).scores) == "no reply within 0.5 s")
  }

  // MARK: Garbage

  @Test func eachWrongReplyHasItsOwnText() async throws {
    let folder = try ScriptFolder()
    let cases: [(reply: String, reason: String)] = [
      ("hello", "no JSON"),
      ("", "no JSON"),
      ("[1, 2]", "got an array; need an object: [1, 2]"),
      ("{\"rewards\": [NaN, 1]}", "no JSON"),
      ("{\"rewards\": [Infinity, 1]}", "no JSON"),
      ("{\"rewards\": [1e999, 1]}", "no JSON"),
      ("{\"rewards\": [1, 2], \"rewards\": [1, 2]}", "no JSON"),
      ("{\"rewards\": [\"0.5\", 1]}", "rewards[0]: got \"0.5\"; need a number or null"),
      ("{\"rewards\": [1, true]}", "rewards[1]: got true; need a number or null"),
      ("{\"rewards\": [1]}", "rewards: got 1 values; sent 2 completions"),
      ("{\"rewards\": [1, 2, 3]}", "rewards: got 3 values; sent 2 completions"),
      ("{\"rewards\": 1}", "rewards: got 1; need a list"),
      ("{\"reward\": [1, 2]}", "rewards: missing"),
      ("{\"rewards\": [1, 2], \"id\": 99}", "id: got 99; need"),
      ("{\"rewards\": [1, 2], \"id\": \"1\"}", "id: got \"1\"; need"),
      ("{\"rewards\": [1, 2], \"error\": [null]}", "error: got 1 values; sent 2 completions"),
      ("{\"rewards\": [1, 2], \"error\": [null, 1]}", "error[1]: got 1; need a text or null"),
      ("{\"rewards\": [1, 2], \"metrics\": {\"a\": \"b\"}}", "metrics.a: got \"b\"; need a number"),
      (
        "{\"step_rewards\": [[{\"end\": 2, \"reward\": 1}], null]}",
        "step_rewards[0][0].end: got 2; need a token's position below 2"
      ),
      (
        "{\"step_rewards\": [[{\"end\": 1}], null]}",
        "step_rewards[0][0].reward: got null; need a number"
      ),
      (
        "{\"rewards\": [1, 2], \"step_rewards\": [[], null]}",
        "rewards[0]: need null where step_rewards has a list"
      ),
    ]
    // One life a reply: each wrong one ends the process, and the next finds the next line.
    try folder.write("replies", cases.map { $0.reply + "\n" }.joined())
    let reward = try folder.shell(
      """
      count=$(cat count 2>/dev/null || echo 0); count=$((count + 1)); echo $count >count
      read line; sed -n "${count}p" replies; read line
      """)
    for (reply, reason) in cases {
      let found = try #require(failure(try await reward.scorePair()), "\(reply)")
      #expect(found.hasPrefix("reply: \(reason)"), "\(reply)")
      #expect(!found.contains("\n"))
    }
  }

  @Test func anExtraLineFailsTheNextRequestAndIsNotItsReply() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.python(
      """
      for request in requests():
          print('{"rewards": [1, 2]}\\n{"rewards": [3, 4]}', flush=True)
      """)
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    #expect(
      failure(try await reward.scorePair())
        == "it wrote a line that is no reply: {\"rewards\": [3, 4]}\\u{a}")
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    await reward.stop()
  }

  @Test func aDebugLineBeforeTheReplyIsAnError() async throws {
    let folder = try ScriptFolder()
    let reward = try folder.shell("read line; echo scoring; echo '{\"rewards\": [1, 2]}'; read x")
    let reason = try #require(failure(try await reward.scorePair()))
    #expect(reason.hasPrefix("reply: no JSON") && reason.hasSuffix(": scoring"))
  }

  @Test func failedScoresAreMaskedAndCountedInASet() async throws {
    let folder = try ScriptFolder()
    let set = try RewardSet([
      .init(try folder.shell("read line; exit 9")), .init(ExactMatch()),
    ])
    let report = try await set.score(.of("4", "5"))
    #expect(report.outcomes == [.masked, .masked])
    #expect(report.functions[0].failureCount == 2)
    #expect(report.functions[0].firstFailure == "it ended (exit status 9)")
    #expect(report.functions[1].values == [1, 0])
    await set.stop()
  }

  /// Waits until the process is gone: an orphan is reaped by another process than ours.
  private func isGone(_ process: () -> String?) async -> Bool {
    for _ in 0..<500 {
      if !exists(process()) { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }
}
