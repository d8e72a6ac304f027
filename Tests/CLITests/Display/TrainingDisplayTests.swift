import Foundation
import Testing

@Suite struct TrainingDisplayTests {
  /// What a terminal of so many columns receives on standard error.
  private func shown(columns: UInt16, environment: [String: String]) async throws -> String {
    let folder = try Workspace()
    let (terminal, line) = try PseudoTerminal.open(columns: columns)
    defer { close(terminal) }
    let nowhere = try #require(FileHandle(forWritingAtPath: "/dev/null"))
    let process = try await GrpoProgram.start(
      ["run", "recipe.yaml"], in: folder.path, environment: environment, output: nowhere,
      errors: line)
    try line.close()
    // Read to the end before waiting: a terminal that nobody reads holds its writer up. On a thread
    // of its own, since those that tests share are few.
    async let text = withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: Self.read(terminal)) }
    }
    #expect(try await GrpoProgram.end(process) == 0)
    return await text
  }

  private static func read(_ terminal: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      // SAFETY: the call writes at most as many bytes as there are.
      let count = unsafe Foundation.read(terminal, &buffer, buffer.count)
      // The end of a terminal is an error, not an empty read.
      if count <= 0 { break }
      bytes += buffer.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func theBarIsDrawnOverAndFitsTheTerminal() async throws {
    for columns: UInt16 in [40, 100] {
      let text = try await shown(columns: columns, environment: ["TERM": "xterm"])
      let frames = text.split(separator: "\r").filter { $0.contains("\u{1B}[K") && $0.count > 3 }
      let last = try #require(frames.last { $0.hasPrefix("train  8/8  100% ▕██████") })
      #expect(last.contains(" tok/s ") == (columns == 100))
      #expect(last.contains("  0:00 left"))
      #expect(frames.allSatisfy { $0.prefix { $0 != "\u{1B}" }.count < Int(columns) })
      #expect(text.contains("\u{1B}[1;32m"))
      #expect(text.contains("saved\u{1B}[0m  step 8 in run/checkpoints"))
    }
  }

  @Test(arguments: [["TERM": "dumb"], ["TERM": "xterm", "CI": "1"]])
  func aDumbTerminalGetsPlainLines(environment: [String: String]) async throws {
    let text = try await shown(columns: 80, environment: environment)
    #expect(text.contains("train  8/8  100%  reward "))
    #expect(!text.contains("\u{1B}[K"))
  }

  @Test func noColorIsRespected() async throws {
    let text = try await shown(columns: 80, environment: ["TERM": "xterm", "NO_COLOR": "1"])
    #expect(text.contains("\u{1B}[K"))
    #expect(!text.contains("\u{1B}[1;32m"))
    let folder = try Workspace()
    let forced = try await GrpoProgram.run(
      "run", "recipe.yaml", in: folder, environment: ["FORCE_COLOR": "1", "NO_COLOR": "1"])
    #expect(forced.errors.contains("\u{1B}[1;32m"))
  }
}
