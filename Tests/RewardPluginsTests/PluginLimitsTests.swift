import Formats
import Foundation
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// A plug-in has no more of the machine than it was given.
@Suite(.inTurn) struct PluginLimitsTests {
  @Test func memoryIsBounded() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          try:
              bytearray(100 << 30); got = "all of it"
          except MemoryError:
              got = "a MemoryError"
          reply(request, rewards=[1] * n(request), columns={"got": [got] * n(request)})
      """)
    let response = try await reward.score(.of("4", "5"))
    #expect(response.columns.first?.values == ["a MemoryError", "a MemoryError"])
    await reward.stop()
  }

  @Test func limitsAreThoseOfTheOptions() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      import resource as r
      names = [r.RLIMIT_AS, r.RLIMIT_NOFILE, r.RLIMIT_FSIZE, r.RLIMIT_CPU]
      for request in requests():
          reply(request, rewards=[r.getrlimit(name)[0] for name in names])
      """
    ) {
      $0.limits.memoryMegabytes = 512
      $0.limits.openFiles = 40
      $0.limits.fileMegabytes = 3
      $0.limits.cpuSeconds = 77
    }
    let scores = try await reward.score(.of("a", "b", "c", "d")).scores
    #expect(scores == [.value(0x2000_0000), .value(40), .value(0x30_0000), .value(77)])
    await reward.stop()
  }

  @Test func processorTimeEndsABusyLoopBeforeTheDeadline() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.shell("read line; while :; do :; done") {
      $0.limits.cpuSeconds = 1
    }
    let reason = failure(try await reward.scorePair())
    #expect(
      ["it ended (signal 24) (the limit cpu_seconds may be why)", "it ended (signal 9)"]
        .contains(reason ?? ""))
  }

  @Test(arguments: [
    ("import mmap; mmap.mmap(-1, 30 << 30)", "memory_megabytes"),
    ("bytearray(100 << 30)", "memory_megabytes"),
    ("raise RuntimeError(\"can't start new thread\")", "memory_megabytes"),
    (
      "sys.stderr.write('Could not reserve enough space\\nA fatal exception.\\n'); os._exit(1)",
      "memory_megabytes"
    ),
    ("files = [open('/dev/null') for _ in range(1000)]", "open_files"),
    ("open('large', 'wb').truncate(1 << 30)", "file_megabytes"),
    (
      "import signal as s; s.signal(s.SIGXFSZ, s.SIG_DFL); os.kill(os.getpid(), s.SIGXFSZ)",
      "file_megabytes"
    ),
  ])
  func aLimitThatEndsItIsNamed(statement: String, key: String) async throws {
    let folder = try ScriptFolder()
    let ending = try await folder.python(
      "for request in requests():\n    if n(request): \(statement)\n    reply(request, rewards=[])")
    let reason = try #require(failure(try await ending.scorePair()))
    #expect(reason.hasSuffix(" (the limit \(key) may be why)"), "\(reason)")
    #expect(LimitHint.named(in: reason)?.help.contains(key) == true)
    try folder.write("f.py", "import os, sys\ndef f(completions, **_):\n    \(statement)")
    var options = PluginOptions()
    (options.timeout, options.startTimeout) = (
      PluginOptions.longestTimeout, PluginOptions.longestTimeout
    )
    options.directory = folder.path
    let function = try PythonReward.reward("f.py:f", options: options)
    let failed = try #require(failure(try await function.score(.of("4", "5")).scores))
    #expect(failed.hasSuffix(" (the limit \(key) may be why)"), "\(failed)")
    await function.stop()
  }

  @Test func aPluginThatEndsForAnotherReasonNamesNoLimit() async throws {
    let folder = try ScriptFolder()
    let ending = try await folder.python(
      "for request in requests():\n    if n(request): sys.exit('sorry')\n    reply(request, rewards=[])"
    )
    let reason = try #require(failure(try await ending.scorePair()))
    #expect(LimitHint.named(in: reason) == nil && reason.hasSuffix("sorry"), "\(reason)")
  }

  @Test func tooManyFilesAreThePluginsOwnError() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          files = []
          try:
              for _ in range(10_000): files.append(open("/dev/null"))
          except OSError as error:
              reply(request, rewards=[len(files)] * n(request))
      """)
    guard case .value(let count)? = try await reward.scorePair().first else {
      Issue.record("no score")
      return
    }
    #expect((1..<256).contains(count))
    await reward.stop()
  }

  @Test func onlyAChosenPartOfTheEnvironmentIsSeen() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          reply(request, rewards=[1], columns={"seen": [dict(os.environ)]})
      """
    ) {
      $0.environment = [.init(name: "OWN", value: "1")]
    }
    let seen = try #require(try await reward.score(.of("4")).columns.first?.values.first?.object)
    #expect(seen["OWN"] == "1" && seen["PYTHONUNBUFFERED"] == "1" && seen["PATH"] != nil)
    // PWD, SHLVL and the like are the shell's own, PYENV those of a shim that starts Python.
    let known = PluginOptions.environmentAlways + ["OWN", "PYTHONUNBUFFERED"]
    let others = Set(seen.keys).subtracting(known + ["PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"])
    #expect(others.filter { !$0.contains("PYENV_") } == [])
    await reward.stop()
  }

  @Test func pythonFindsModulesWhereTheUsersPythonDoes() {
    #expect(
      PluginOptions().environment(from: ["PYTHONPATH": "/modules", "PYTHONHOME": "/x"])
        == ["PYTHONPATH": "/modules", "PYTHONUNBUFFERED": "1"])
  }

  @Test func aVariableWithoutAValueIsHandedOn() {
    var options = PluginOptions()
    options.environment = [
      .init(name: "A", value: "own"), .init(name: "B", value: nil),
      .init(name: "MISSING", value: nil),
    ]
    #expect(
      options.environment(from: ["A": "1", "B": "2", "SECRET": "3", "HOME": "/h"])
        == ["A": "own", "B": "2", "HOME": "/h", "PYTHONUNBUFFERED": "1"])
  }

  @Test func aNetworkCanBeDenied() async throws {
    let probe = try await ChildProcess(["unshare", "-r", "-n", "true"])
    // A kernel that forbids user namespaces; the command then does not start, and says so.
    if try await probe.end() != .exit(0) { return }
    let folder = try ScriptFolder()
    let script = """
      import socket
      for request in requests():
          server = socket.socket()
          server.bind(("127.0.0.1", 0))
          server.listen()
          client = socket.socket()
          try:
              client.connect(server.getsockname()); got = 1
          except OSError:
              got = 0
          reply(request, rewards=[got] * n(request))
      """
    for isAllowed in [true, false] {
      let reward = try await folder.python(script) { $0.limits.network = isAllowed }
      let expected: Score = .value(isAllowed ? 1 : 0)
      #expect(try await reward.scorePair() == [expected, expected])
      await reward.stop()
    }
  }
}
