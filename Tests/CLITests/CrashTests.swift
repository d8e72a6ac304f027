import Formats
import Foundation
import TestSupport
import Testing

@Suite struct CrashTests {
  @Test(arguments: [
    (SIGILL, "SIGILL"), (SIGTRAP, "SIGTRAP"), (SIGSEGV, "SIGSEGV"), (SIGBUS, "SIGBUS"),
    (SIGFPE, "SIGFPE"), (SIGABRT, "SIGABRT"),
  ])
  func aCrashIsOneLineThatSaysWhatToReport(number: Int32, name: String) async throws {
    let folder = try Workspace()
    let streams = try GrpoProgram.Streams(in: folder)
    let input = Pipe()
    let process = try await GrpoProgram.start(
      ["compared-run"], in: folder.path, input: input.fileHandleForReading, output: streams.output,
      errors: streams.errors)
    // A line that it cannot read yet keeps it waiting; that it is read shows that it watches.
    try input.fileHandleForWriting.write(contentsOf: Data("{".utf8))
    let descriptor = input.fileHandleForWriting.fileDescriptor
    try await GrpoProgram.waitUntil(of: process) {
      var count: Int32 = 0
      _ = unsafe ioctl(descriptor, UInt(FIONREAD), &count)
      return count == 0
    }
    process.send(number)
    #expect(try await process.end() == .signal(number))
    let outcome = try streams.outcome(status: number)
    #expect(outcome.output.isEmpty)
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    #expect(line.hasPrefix("error: internal: the program crashed with \(name); please report this"))
    #expect(line.contains(#/swift-grpo \d+\.\d+\.\d+, Swift \d+\.\d+, Linux \w+$/#), "\(line)")
  }

  @Test func withJSONItIsAnObject() async throws {
    let folder = try Workspace()
    let streams = try GrpoProgram.Streams(in: folder)
    let input = Pipe()
    let process = try await GrpoProgram.start(
      ["evaluate", "--model", "none", "--data", "-", "--reward", "exact_match", "--json"],
      in: folder.path, input: input.fileHandleForReading, output: streams.output,
      errors: streams.errors)
    // What it has read shows that it watches.
    try input.fileHandleForWriting.write(contentsOf: Data("{".utf8))
    let descriptor = input.fileHandleForWriting.fileDescriptor
    try await GrpoProgram.waitUntil(of: process) {
      var count: Int32 = 0
      _ = unsafe ioctl(descriptor, UInt(FIONREAD), &count)
      return count == 0
    }
    process.send(SIGSEGV)
    #expect(try await process.end() == .signal(SIGSEGV))
    let outcome = try streams.outcome(status: SIGSEGV)
    let error = try JSON(parsing: Array(outcome.errors.utf8), file: "errors")["error"]
    #expect(error?["exit_code"]?.int == 128 + Int(SIGSEGV))
    #expect(error?["message"]?.string?.hasPrefix("internal: the program crashed") == true)
  }
}
