import Formats
import Foundation
import Synchronization
import Training

/// A stage of a comparison in a process of its own, so that a crash ends that stage alone.
enum RunProcess {
  /// Starts the stage and waits for its end.
  ///
  /// - Throws: a `ComparedRun.Problem` for one that fails or crashes, `CancellationError` for one
  ///   that was stopped.
  @Sendable static func perform(
    _ task: ComparisonTask, _ report: @escaping @Sendable (ComparisonTask.Event) -> Void,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) async throws {
    let process = Process()
    // The program as it was started, be it another file by now.
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe")
    process.arguments = ["compared-run"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    try? input.fileHandleForWriting.write(contentsOf: Array((task.encoded.encoded() + "\n").utf8))
    let problems = Mutex<[String]>([])
    let isRead = Atomic(false)
    Thread.detachNewThread {
      var lines = StandardInput.Lines(
        maximumBytes: 1 << 24, descriptor: output.fileHandleForReading.fileDescriptor)
      while let (_, line) = try? lines.next() {
        guard let json = try? JSON(parsing: Array(line.utf8), file: "run") else { continue }
        if let event = ComparisonTask.Event(decoding: json) { report(event) }
        if let found = json["problems"]?.array?.compactMap(\.string) {
          problems.withLock { $0 = found }
        }
      }
      isRead.store(true, ordering: .releasing)
    }
    var isOpen = true
    while process.isRunning || !isRead.load(ordering: .acquiring) {
      if isOpen && isCancelled() {
        try? input.fileHandleForWriting.close()
        isOpen = false
      }
      try? await Task.sleep(for: .milliseconds(5))
    }
    if isOpen { try? input.fileHandleForWriting.close() }
    try check(process, problems.withLock { $0 }, isCancelled())
  }

  static func encoded(_ problems: [String]) -> JSON {
    ["problems": .array(problems.map { .string($0) })]
  }

  private static func check(
    _ process: Process, _ problems: [String], _ isCancelled: Bool
  ) throws {
    let status = process.terminationStatus
    if process.terminationReason == .uncaughtSignal {
      // Ctrl-C reaches a run that is not watching for it yet.
      if isCancelled, [SIGINT, SIGTERM].contains(status) { throw CancellationError() }
      let name =
        Crash.signals.first { $0.number == status }?.name
        ?? (status == SIGKILL ? "SIGKILL, as when memory runs out" : "signal \(status)")
      throw ComparedRun.Problem(.crashed, "the program that made it was ended by \(name)")
    }
    if status == ExitStatus.success.rawValue { return }
    if status == ExitStatus.resumable.rawValue { throw CancellationError() }
    let reason = problems.isEmpty ? "it said nothing" : problems.joined(separator: "; ")
    throw ComparedRun.Problem(.error, "exit \(status): \(reason)", exitCode: status)
  }
}
