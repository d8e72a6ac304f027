import Formats
import Foundation
import TestSupport
import Testing

/// The built program, run as a user runs it.
enum GrpoProgram {
  /// What a run left behind.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    var outputLines: [String] { output.split(separator: "\n").map(String.init) }
    /// The lines of standard error that begin with `error:`.
    var problems: [String] {
      errors.split(separator: "\n").filter { $0.hasPrefix("error:") }.map(String.init)
    }
    /// Standard output as JSON Lines.
    func objects() throws -> [JSONObject] {
      try JSONLines.lines(Array(output.utf8), file: "output").map(\.object)
    }
    var help: String? {
      errors.split(separator: "\n").last { $0.hasPrefix("help:") }.map(String.init)
    }
  }

  private static let turns = Turns()

  /// The program stands beside the test bundle.
  static func path() throws -> String {
    let folder = try #require(Bundle.main.executableURL).deletingLastPathComponent()
    let candidates = [
      folder, Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent(),
    ]
    .map { $0.appendingPathComponent("grpo").path }
    return try #require(
      candidates.first { FileManager.default.isExecutableFile(atPath: $0) },
      "the program grpo is not beside the tests")
  }

  /// Starts the program.
  ///
  /// - Parameters:
  ///   - environment: What differs from a bare environment: no terminal, no colour.
  ///   - wrapper: A program and its arguments, which becomes this one.
  static func start(
    _ arguments: [String], in folder: String, environment: [String: String] = [:],
    wrapper: [String] = [], input: FileHandle? = nil, output: FileHandle, errors: FileHandle
  ) async throws -> ChildProcess {
    var variables = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      "SWIFT_BACKTRACE": "enable=no",
      // A busy machine may take its time.
      "GRPO_GRACE": "86400",
    ]
    variables.merge(environment) { $1 }
    return try await ChildProcess(
      wrapper + [try path()] + arguments, in: folder, environment: variables,
      input: input?.fileDescriptor, output: output.fileDescriptor, errors: errors.fileDescriptor)
  }

  static func end(_ process: ChildProcess) async throws -> Int32 {
    switch try await process.end() {
    case .exit(let status): return status
    case .signal(let number):
      Issue.record("the program was ended by signal \(number)")
      return number
    }
  }

  static func run(
    _ arguments: String..., in folder: Workspace, environment: [String: String] = [:],
    input: String? = nil, output: FileHandle? = nil
  ) async throws -> Outcome {
    try await run(
      arguments, in: folder, environment: environment, input: input, output: output)
  }

  static func run(
    _ arguments: [String], in folder: Workspace, environment: [String: String] = [:],
    input: String? = nil, output: FileHandle? = nil
  ) async throws -> Outcome {
    let outcome = try await turns.take {
      let streams = try Streams(in: folder, input: input)
      let process = try await start(
        arguments, in: folder.path, environment: environment, input: streams.input,
        output: output ?? streams.output, errors: streams.errors)
      return try streams.outcome(status: try await end(process))
    }
    if let help = outcome.help { try await expectOptionsExist(in: help, arguments, folder) }
    return outcome
  }

  /// A line of help names no option that the command does not have.
  private static func expectOptionsExist(
    in help: String, _ arguments: [String], _ folder: Workspace
  ) async throws {
    let named = help.matches(of: /--[a-z][a-z-]*/).map { String($0.output) }
    if named.isEmpty || named == ["--help"] { return }
    let words = arguments.prefix { $0.allSatisfy(\.isLetter) } + ["--help"]
    let shown = try await run(Array(words), in: folder).output
    for option in named where option != "--help" {
      #expect(shown.contains(option), "\(words.joined(separator: " ")): \(help)")
    }
  }

  /// Waits for what must come, however long it takes.
  ///
  /// - Parameter process: Of whom it must come: when that has ended, it never will.
  static func waitUntil(
    of process: ChildProcess? = nil, _ condition: () throws -> Bool
  ) async throws {
    while try !condition() {
      let isOver = process.map { !$0.isRunning } ?? false
      try #require(try !isOver || condition(), "the program ended first")
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Files for a run's streams: a pipe would have to be read while the run goes on.
  struct Streams {
    let input: FileHandle?
    let output: FileHandle
    let errors: FileHandle
    private let outputPath: String
    private let errorPath: String

    init(in folder: Workspace, input text: String? = nil) throws {
      let name = folder.path + "/.stream-" + UUID().uuidString
      (outputPath, errorPath) = (name + "-output", name + "-errors")
      for path in [outputPath, errorPath] {
        try #require(FileManager.default.createFile(atPath: path, contents: nil))
      }
      output = try #require(FileHandle(forWritingAtPath: outputPath))
      errors = try #require(FileHandle(forWritingAtPath: errorPath))
      if let text {
        try text.write(toFile: name + "-input", atomically: false, encoding: .utf8)
        let written = try #require(FileHandle(forReadingAtPath: name + "-input"))
        input = written
      } else {
        input = nil
      }
    }

    func outcome(status: Int32) throws -> Outcome {
      func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
      }
      return Outcome(status: status, output: try text(outputPath), errors: try text(errorPath))
    }
  }
}
