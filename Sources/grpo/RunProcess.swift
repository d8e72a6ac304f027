import Formats
import Glibc
import Subprocess
import SystemPackage
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
    // A task of its own: a child is stopped by the end of its input, and never killed.
    let result = try await Task {
      // The program as it was started, be it another file by now.
      try await Subprocess.run(
        .path("/proc/self/exe"), arguments: ["compared-run"], input: .inputWriter,
        output: .sequence, error: .currentStandardError
      ) { child in
        // One that has ended already takes nothing; its status says why.
        _ = try? await child.standardInputWriter.write(Array((task.encoded.encoded() + "\n").utf8))
        return await withTaskGroup(of: Void.self) { watch in
          watch.addTask {
            while !isCancelled() {
              guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { return }
            }
            try? await child.standardInputWriter.finish()
          }
          let problems = await hear(child.standardOutput, report)
          watch.cancelAll()
          return problems
        }
      }
    }.value
    try check(result.terminationStatus, result.closureResult, isCancelled())
  }

  /// Reports what a child tells, line by line, and returns the problems that it ended with.
  private static func hear(
    _ output: SubprocessOutputSequence, _ report: (ComparisonTask.Event) -> Void
  ) async -> [String] {
    var problems: [String] = []
    func hear(_ line: [UInt8]) {
      guard let json = try? JSON(parsing: line, file: "run") else { return }
      if let event = ComparisonTask.Event(decoding: json) { report(event) }
      if let found = json["problems"]?.array?.compactMap(\.string) { problems = found }
    }
    var rest: [UInt8] = []
    do {
      for try await buffer in output {
        // SAFETY: the bytes are copied within the call.
        rest += unsafe buffer.withUnsafeBytes { unsafe Array($0) }
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          hear(Array(rest[..<end]))
          rest.removeSubrange(...end)
        }
      }
    } catch {
      // A pipe that cannot be read has ended.
    }
    return problems
  }

  static func encoded(_ problems: [String]) -> JSON {
    ["problems": .array(problems.map { .string($0) })]
  }

  private static func check(
    _ status: TerminationStatus, _ problems: [String], _ isCancelled: Bool
  ) throws {
    let code: Int32
    switch status {
    case .signaled(let number):
      // Ctrl-C reaches a run that is not watching for it yet.
      if isCancelled, [SIGINT, SIGTERM].contains(number) { throw CancellationError() }
      let name =
        Crash.signals.first { $0.number == number }?.name
        ?? (number == SIGKILL ? "SIGKILL, as when memory runs out" : "signal \(number)")
      throw ComparedRun.Problem(.crashed, "the program that made it was ended by \(name)")
    case .exited(let exitCode): code = exitCode
    }
    if code == ExitStatus.success.rawValue { return }
    if Interruption.isStatus(code) {
      if isCancelled { throw CancellationError() }
      throw ComparedRun.Problem(
        .error, "the program that made it was told to stop, by SIGTERM or the like",
        exitCode: code)
    }
    let reason = problems.isEmpty ? "it said nothing" : problems.joined(separator: "; ")
    throw ComparedRun.Problem(.error, "exit \(code): \(reason)", exitCode: code)
  }
}
