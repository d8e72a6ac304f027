import Formats
import Foundation
import Glibc
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// Every fault a plug-in can have, again and again: no hang, no process or descriptor left behind, no
/// wrong label.
///
/// Once each as part of the other tests; `make faults` has this suite alone and 100 of each, and
/// then descriptors and processes are counted, which other tests would disturb.
@Suite(.serialized, .inTurn) struct FaultRepetitionTests {
  private static let repetitions =
    ProcessInfo.processInfo.environment["GRPO_FAULTS"].flatMap { Int($0) }
  private static let timeout = 0.5
  private static let atATime = 10

  /// A fault: a plug-in whose reply to completions "4" and "5" is 1 and 2, or fails.
  struct Fault: Sendable, CustomTestStringConvertible {
    enum Plugin: Sendable {
      /// Without an answer to the empty batch of its own.
      case raw(String)
      case shell(String)
      case python(String)
      /// What a server does.
      case server(String)
      case url(String)
      /// A file that is no program.
      case program(String, isThere: Bool)
    }

    var name: String
    var plugin: Plugin
    /// Whether the fault is made good by asking another process.
    var isMadeGood = false
    var failsToStart = false
    var endsTheRun = false
    var textSize = 1

    var testDescription: String { name }
  }

  static let faults: [Fault] =
    [
      Fault(name: "missing", plugin: .program("./missing", isThere: false), failsToStart: true),
      Fault(name: "not executable", plugin: .program("./plain", isThere: true), failsToStart: true),
      Fault(name: "exits at start", plugin: .raw("exit 3"), failsToStart: true),
    ]
    + [SIGSEGV, SIGKILL, SIGABRT, SIGTERM, SIGFPE, SIGBUS, SIGILL, SIGINT, SIGHUP].flatMap {
      signal in
      [
        Fault(
          name: "killed once by signal \(signal)",
          plugin: .shell(
            """
            read line; ulimit -c 0
            [ -e once ] || { touch once; kill -\(signal) $$; }
            reply '[1, 2]'; read line
            """), isMadeGood: true),
        Fault(
          name: "killed by signal \(signal)",
          plugin: .shell("read line; ulimit -c 0; kill -\(signal) $$")),
      ]
    }
    + [
      Fault(name: "hangs", plugin: .shell("read line; sleep 1000 & wait")),
      Fault(
        name: "hangs and ignores SIGTERM",
        plugin: .shell("trap '' TERM HUP; read line; while :; do sleep 1000; done")),
      Fault(name: "loops", plugin: .shell("read line; while :; do :; done")),
      Fault(
        name: "floods standard error",
        plugin: .python(
          """
          chunk = b"x" * 65536
          for request in requests():
              for _ in range(64): os.write(2, chunk)
              reply(request, rewards=[1, 2])
          """), isMadeGood: true),
      Fault(name: "floods standard output", plugin: .shell("read line; exec cat /dev/zero")),
      Fault(
        name: "floods between requests",
        plugin: .shell("echo; exec yes")),
      Fault(name: "never reads", plugin: .shell("exec sleep 1000"), textSize: 1 << 20),
      Fault(
        name: "reads slowly",
        plugin: .python(
          """
          while True:
              data = bytearray()
              while not data.endswith(b"\\n"):
                  data += os.read(0, 4096)
                  if len(data) < 20_000: time.sleep(0.002)
              reply(json.loads(data), rewards=[1, 2])
          """), isMadeGood: true, textSize: 1 << 20),
      Fault(
        name: "leaves a child that holds its pipes",
        plugin: .shell("read line; sleep 1000 & exit 5")),
      Fault(
        name: "allocates 100 GiB",
        plugin: .python("for request in requests(): bytearray(100 << 30)")),
      Fault(
        name: "opens 10,000 files",
        plugin: .python(
          """
          files = []
          for request in requests():
              while True: files.append(open("/dev/null"))
          """)),
      Fault(
        name: "forks without end",
        plugin: .shell("read line; for i in $(seq 100); do sleep 1000 & done; wait")),
    ]
    + [
      "NaN", "[NaN, 1]", "[Infinity, 1]", "[1e999, 1]", "[\"0.5\", 1]", "[true, 1]", "[1]",
      "[1, 2, 3]", "1", "{}",
    ].map {
      Fault(
        name: "replies \($0)",
        plugin: .shell("read line; reply '\($0)'; read line; read line"))
    }
    + [
      Fault(
        name: "replies with another id",
        plugin: .shell("read line; echo '{\"rewards\": [2, 1], \"id\": 99}'; read line")),
      Fault(
        name: "replies with a line of debugging",
        plugin: .shell("read line; echo scoring; reply '[2, 1]'; read line")),
      Fault(
        name: "replies without an id",
        plugin: .shell("read line; echo '{\"rewards\": [2, 1]}'; read line"), endsTheRun: true),
      Fault(
        name: "replies to the request before",
        plugin: .python(
          """
          request = json.loads(sys.stdin.readline())
          reply({"id": request["id"] - 1}, rewards=[2, 1])
          reply(request, rewards=[1, 2])
          sys.stdin.readline()
          """)),
      Fault(name: "refuses connections", plugin: .url("http://127.0.0.1:9/x")),
      Fault(name: "has no address", plugin: .url("http://no-such-host.invalid/x")),
      Fault(name: "answers 500", plugin: .server("reply(handler, 'no', 500)")),
      Fault(
        name: "refuses credentials", plugin: .server("reply(handler, 'no', 401)"),
        endsTheRun: true),
      Fault(name: "loses the connection", plugin: .server("handler.connection.close()")),
      Fault(
        name: "answers with another id",
        plugin: .server("reply(handler, {'rewards': [2, 1], 'id': request['id'] - 1})")),
      Fault(
        name: "answers 429", plugin: .server("reply(handler, 'busy', 429, Retry_After='0.01')")),
      Fault(name: "answers HTML", plugin: .server("reply(handler, '<html>', 200)")),
      Fault(name: "answers slowly", plugin: .server("time.sleep(3)")),
      Fault(
        name: "redirects",
        plugin: .server("reply(handler, '', 302, Location='http://169.254.169.254/')")),
      Fault(name: "answers too much", plugin: .server("reply(handler, 'x' * (64 << 20))")),
    ]

  private struct Course: Sendable {
    var seconds = 0.0
    var attempts = 1
  }

  /// Meets a fault once, and says how long that took.
  private static func meet(_ fault: Fault) async throws -> Course {
    let folder = try ScriptFolder()
    let text = fault.textSize > 1 ? String(repeating: "4", count: fault.textSize) : "4"
    var server: ScriptServer?
    let reward: any RewardFunction
    // A deadline only where it may be what ends the request.
    let timeout = fault.isMadeGood ? PluginOptions.longestTimeout : timeout
    switch fault.plugin {
    case .raw(let body): reward = try await folder.raw(body, timeout: timeout)
    case .shell(let body): reward = try await folder.shell(body, timeout: timeout)
    case .python(let body): reward = try await folder.python(body, timeout: timeout)
    case .url(let url): reward = try HTTPReward([url], timeout: timeout)
    case .server(let answer):
      let started = try await ScriptServer("def answer(handler, request): \(answer)")
      server = started
      reward = try HTTPReward([started.url], timeout: timeout)
    case .program(let program, let isThere):
      if isThere { try folder.write(program, "#!/bin/sh") }
      reward = try folder.command([program])
    }
    defer { withExtendedLifetime(server) {} }
    if fault.failsToStart {
      await #expect(throws: RewardError.self) { try await reward.start() }
      return Course()
    }
    if fault.endsTheRun {
      await #expect(throws: RewardError.self) { try await reward.score(.of(text, "5")) }
      await reward.stop()
      return Course()
    }
    var course = Course()
    let start = ContinuousClock.now
    let response = try await reward.score(.of(text, "5"))
    course.seconds = start.duration(to: .now) / .seconds(1)
    course.attempts = 1 + (response.counts.first { $0.name == .restarts }?.value ?? 0)
    if fault.isMadeGood {
      #expect(response.scores == [.value(1), .value(2)], "\(fault.name)")
    } else {
      #expect(failure(response.scores) != nil, "\(fault.name): \(response.scores)")
    }
    await reward.stop()
    return course
  }

  private static func meet(_ fault: Fault, times: Int) async throws -> [Course] {
    try await withThrowingTaskGroup(of: Course.self) { group in
      for _ in 0..<times { group.addTask { try await meet(fault) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// All faults, or the one that GRPO_FAULT names.
  private static var chosen: [Fault] {
    let name = ProcessInfo.processInfo.environment["GRPO_FAULT"]
    return faults.filter { name == nil || $0.name == name }
  }

  @Test(arguments: chosen) func isMet(_ fault: Fault) async throws {
    let repetitions = Self.repetitions ?? 1
    // What is made once, such as a pool of connections, is no leak.
    if Self.repetitions != nil { _ = try await Self.meet(fault, times: Self.atATime) }
    let descriptors = try Self.descriptors()
    var (met, slowest) = (0, 0.0)
    while met < repetitions {
      let count = min(Self.atATime, repetitions - met)
      met += count
      for course in try await Self.meet(fault, times: count) {
        slowest = max(slowest, course.seconds / Double(course.attempts) - Self.timeout)
      }
    }
    guard Self.repetitions != nil else { return }
    // Descriptors close behind the call that they served.
    for _ in 0..<1000 {
      if try Self.descriptors() <= descriptors && Self.children().isEmpty { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    let left = try Self.descriptors() - descriptors
    let children = try Self.children()
    // What is measured is when the shell of a process is up, too.
    #expect(slowest < 4)
    #expect(left <= 0 && children.isEmpty)
    print(
      "\(fault.name): \(met) times, at most \((slowest * 1000).rounded() / 1000) s beyond the",
      "deadline, \(max(left, 0)) descriptors and \(children.count) processes left")
  }

  private static func descriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
  }

  /// Processes of this one, zombies included.
  private static func children() throws -> [Int] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int($0) }.filter {
      guard let stat = try? String(contentsOfFile: "/proc/\($0)/stat", encoding: .utf8),
        let end = stat.lastIndex(of: ")")
      else { return false }
      return stat[end...].split(separator: " ").dropFirst(2).first.flatMap { Int($0) }
        == Int(getpid())
    }
  }
}
