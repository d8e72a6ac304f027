import Formats
import Foundation
import Glibc
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// Whatever a command does, its scores fail with a reason, it is killed, and the next request
/// finds a fresh one.
@Suite(.inTurn) struct CommandFaultTests {
  // MARK: Before the first step

  @Test func aMissingCommandDoesNotStart() async throws {
    let folder = try ScriptFolder()
    for command in ["./missing.py", "no-such-program-anywhere", "/no/such/folder/score.py"] {
      let reward = try folder.command([command])
      await #expect {
        try await reward.start()
      } throws: {
        String(describing: $0).hasPrefix("reward 'math': cannot start: \(command): No such file")
      }
    }
  }

  @Test func aFileThatIsNotExecutableDoesNotStart() async throws {
    let folder = try ScriptFolder()
    try folder.write("score.py", "#!/bin/sh\ncat")
    let reward = try folder.command(["./score.py"])
    await #expect(
      throws: RewardError.cannotStart(
        reward: "math", problem: "./score.py: Permission denied; it is not executable")
    ) {
      try await reward.start()
    }
  }

  @Test func aCommandThatEndsAtOnceDoesNotStart() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.raw("echo first >&2; echo no licence >&2; exit 3")
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
    let reward = try await folder.raw("echo loading; sleep 1000")
    await #expect {
      try await reward.start()
    } throws: {
      let text = String(describing: $0)
      // Whether it is noticed before the empty batch goes out or taken for its reply is a race.
      return text.hasPrefix("reward 'test': cannot start: ./score.sh: ")
        && (text.hasSuffix("not a reply: loading\\n")
          || text.contains("the empty batch at its start: no JSON") && text.hasSuffix(": loading"))
    }
  }

  @Test(arguments: [
    ("{\"rewards\": [1]}", "rewards: got 1 values; sent 0 completions"),
    ("{}", "rewards: missing"), ("{\"rewards\": [], \"protocol\": 2}", "protocol: got 2; need 1"),
  ])
  func aCommandThatDoesNotScoreAnEmptyBatchDoesNotStart(reply: String, reason: String) async throws
  {
    let folder = try ScriptFolder()
    try folder.write("reply", reply + "\n")
    let reward = try await folder.raw("echo $$ >pid; read line; cat reply; read line")
    await #expect(
      throws: RewardError.cannotStart(
        reward: "test", problem: "./score.sh: reply to the empty batch at its start: \(reason)")
    ) {
      try await reward.start()
    }
    #expect(!exists(folder.read("pid")))
  }

  @Test func aCommandThatIsSlowToStartDoesNotStart() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.raw("exec sleep 1000") { $0.startTimeout = 0.5 }
    await #expect(
      throws: RewardError.cannotStart(
        reward: "test", problem: "./score.sh: no reply within 0.5 s")
    ) {
      try await reward.start()
    }
  }

  // MARK: Crashes

  @Test(arguments: [SIGSEGV, SIGKILL, SIGABRT, SIGTERM])
  func aCrashIsMadeGoodByAnotherProcess(signal: Int32) async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
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
    let response = try await reward.score(.of("4", "5"))
    #expect(response.scores == [.value(0), .value(0)])
    #expect(response.counts.map(\.name.text) == ["restarts"] && response.counts[0].value == 1)
    #expect(folder.read("lives") == "xx")
    #expect(try await reward.score(.of("4", "5")).counts.isEmpty)
    await reward.stop()
  }

  @Test func aCrashOverTheSameRequestAgainFailsItAndNoOther() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          if "crash" in request["completions"]:
              print("about to die", file=sys.stderr, flush=True)
              os.kill(os.getpid(), signal.SIGKILL)
          reply(request, rewards=[1] * n(request))
      """)
    #expect(try await reward.scorePair() == [.value(1), .value(1)])
    let response = try await reward.score(.of("crash", "5"))
    #expect(
      failure(response.scores) == "it ended (signal 9); its last error line: about to die")
    #expect(response.counts.map(\.value) == [1])
    #expect(try await reward.scorePair() == [.value(1), .value(1)])
    await reward.stop()
  }

  @Test func aPythonErrorIsShown() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python("for request in requests(): print(request['prompt'])")
    #expect(
      failure(try await reward.scorePair())
        == "it ended (exit status 1); its last error line: KeyError: 'prompt'")
    await reward.stop()
  }

  @Test func aReplyBeforeTheEndCounts() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("read line; reply '[1, 2]'; exit 0")
    for _ in 1...3 { #expect(try await reward.scorePair() == [.value(1), .value(2)]) }
  }

  @Test func aCommandThatClosesItsPipesIsKilled() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell(
      "echo $$ >pid; read line; exec <&- >&-; exec sleep 1000")
    #expect(failure(try await reward.scorePair()) == "it ended (signal 15)")
    #expect(!exists(folder.read("pid")))
  }

  @Test func aCommandThatVanishesMidRunIsAFailureThatNamesItself() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("read line; exit 1")
    #expect(failure(try await reward.scorePair()) == "it ended (exit status 1)")
    try FileManager.default.removeItem(atPath: folder.path + "/score.sh")
    #expect(
      failure(try await reward.scorePair())
        == "No such file or directory; the path is relative to \(folder.path)")
  }

  @Test func aCommandThatStopsReadingIsAFailureAndNoSIGPIPE() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("head -c 1 >/dev/null; exec <&-; exec sleep 1000")
    let text = String(repeating: "x", count: 1_000_000)
    #expect(failure(try await reward.score(.of(text, text)).scores) == "it ended (signal 15)")
  }

  // MARK: Hangs

  @Test func aHangEndsAtTheDeadline() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.raw(
      """
      echo $$ >pid; echo x >>lives
      read line; echo '{"rewards": []}'
      read line; exec sleep 1000
      """, timeout: 0.5)
    let response = try await reward.score(.of("4", "5"))
    #expect(failure(response.scores) == "no reply within 0.5 s")
    #expect(response.counts.map(\.value) == [1])
    #expect(folder.read("lives") == "x\nx\n")
    #expect(!exists(folder.read("pid")))
  }

  @Test func aHangIsMadeGoodByAnotherProcess() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell(
      """
      first=; [ -e lives ] || first=yes; echo x >>lives
      read line; [ -z "$first" ] || exec sleep 1000
      reply '[1, 2]'; read line
      """, timeout: 0.5)
    var response = try await reward.score(.of("4", "5"))
    #expect(response.counts.map(\.value) == [1])
    // On a busy machine half a second can be too little for one that does not hang, too.
    while failure(response.scores) == "no reply within 0.5 s" {
      response = try await reward.score(.of("4", "5"))
    }
    #expect(response.scores == [.value(1), .value(2)])
    await reward.stop()
  }

  @Test func aCommandThatIgnoresTermsOfSurrenderIsKilledWithItsChildren() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.raw(
      """
      trap '' TERM HUP
      sleep 1000 & echo $! >child
      echo $$ >pid
      read line; echo '{"rewards": []}'
      exec sleep 1000
      """, timeout: 0.5)
    #expect(failure(try await reward.scorePair()) == "no reply within 0.5 s")
    #expect(!exists(folder.read("pid")))
    try await waitUntil { isDead(folder.read("child")) }
  }

  @Test func aBusyLoopEndsAtTheDeadline() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.raw(
      "echo $$ >pid; read line; echo '{\"rewards\": []}'; while :; do :; done", timeout: 0.5)
    #expect(failure(try await reward.scorePair()) == "no reply within 0.5 s")
    #expect(!exists(folder.read("pid")))
  }

  @Test func aDaemonThatHoldsOurPipesDoesNotHoldUs() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      child = subprocess.Popen(["sleep", "1000"])
      outsider = subprocess.Popen(["sleep", "4"], start_new_session=True)
      open("child", "w").write(str(child.pid))
      sys.stdin.readline()
      os._exit(5)
      """)
    #expect(failure(try await reward.scorePair()) == "it ended (exit status 5)")
    try await waitUntil { isDead(folder.read("child")) }
  }

  @Test func failedScoresAreMaskedAndCountedInASet() async throws {
    let folder = try ScriptFolder()
    let set = try RewardSet([
      .init(try await folder.shell("read line; exit 9")), .init(ExactMatch()),
    ])
    let report = try await set.score(.of("4", "5"))
    #expect(report.outcomes == [.masked, .masked])
    #expect(report.functions[0].failureCount == 2)
    #expect(report.functions[0].firstFailure == "it ended (exit status 9)")
    #expect(report.functions[1].values == [1, 0])
    for entry in set.entries { await entry.function.stop() }
  }
}
