import ArgumentParser
import Formats
import Foundation
import Glibc
import RewardPlugins

/// What is seen of a mistake of the program itself: one line that says what to report, where Swift
/// prints registers and asks for a debugger's commands; or of one of a library that it calls.
enum Crash {
  static let signals: [(number: Int32, name: String)] = [
    (SIGILL, "SIGILL"), (SIGTRAP, "SIGTRAP"), (SIGSEGV, "SIGSEGV"), (SIGBUS, "SIGBUS"),
    (SIGFPE, "SIGFPE"), (SIGABRT, "SIGABRT"),
  ]

  /// A signal's line, and what a handler finds it by: it must neither allocate nor look up.
  // SAFETY: written once, before the first handler is there, and never freed.
  nonisolated(unsafe) private static var lines: [UnsafeBufferPointer<UInt8>?] =
    unsafe Array(repeating: nil, count: 65)
  /// The same around the path of a library.
  // SAFETY: as above.
  nonisolated(unsafe) private static var endings: [UnsafeBufferPointer<UInt8>?] =
    unsafe Array(repeating: nil, count: 65)
  // SAFETY: as above.
  nonisolated(unsafe) private static var beginning: UnsafeBufferPointer<UInt8>?

  /// Does so for the rest of the program; with `SWIFT_BACKTRACE=enable=yes` Swift goes on reporting.
  static func watch() {
    let backtrace = ProcessInfo.processInfo.environment["SWIFT_BACKTRACE"] ?? ""
    if backtrace.contains("enable=yes") { return }
    unsafe beginning = kept("\(start)error: library ")
    for (number, name) in signals {
      unsafe lines[Int(number)] = kept(line(name, number: number))
      unsafe endings[Int(number)] = kept(": crashed with \(name)\n")
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { number in
        // SAFETY: only what a handler may call, on memory that stays.
        if let path = unsafe LibraryReward.calledPath {
          unsafe Crash.write(Crash.beginning)
          _ = unsafe Glibc.write(STDERR_FILENO, path, strlen(path))
          unsafe Crash.write(Crash.endings[Int(number)])
        } else {
          unsafe Crash.write(Crash.lines[Int(number)])
        }
        raise(number)
      }
      // The signal's own effect comes back first, so that raising it ends the program.
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | Int32(SA_NODEFER)
      _ = unsafe sigaction(number, &action, nil)
    }
  }

  private static func kept(_ text: String) -> UnsafeBufferPointer<UInt8> {
    let bytes = Array(text.utf8)
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
    _ = unsafe copy.initialize(from: bytes)
    return UnsafeBufferPointer(copy)
  }

  private static func write(_ line: UnsafeBufferPointer<UInt8>?) {
    // SAFETY: the call reads memory that stays.
    if let line = unsafe line {
      _ = unsafe Glibc.write(STDERR_FILENO, line.baseAddress, line.count)
    }
  }

  private static var start: String { isatty(STDERR_FILENO) == 1 ? "\n" : "" }

  private static func line(_ name: String, number: Int32) -> String {
    let problem =
      "internal: the program crashed with \(name); please report this line, what stands above it "
      + "and the command: \(version)"
    if !StandardError.writesJSON { return "\(start)error: \(problem)\n" }
    // The exit code is the shell's for a program that a signal ends.
    let error: JSON = ["message": .string(problem), "exit_code": .integer(128 + Int(number))]
    return JSON.object(["error": error]).encoded() + "\n"
  }

  /// What a report must name.
  private static var version: String {
    var name = utsname()
    _ = unsafe uname(&name)
    let machine = unsafe withUnsafeBytes(of: &name.machine) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return "swift-grpo \(RootCommand.configuration.version), Swift \(compiler), Linux \(machine)"
  }

  private static var compiler: String {
    #if compiler(>=6.4)
      "6.4 or later"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "6.2"
    #endif
  }
}
