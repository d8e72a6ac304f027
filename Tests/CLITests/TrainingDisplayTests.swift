import Foundation
import Testing

@Suite struct TrainingDisplayTests {
  /// A terminal of Linux: its master's descriptor, and the line that a program writes to.
  private static func openTerminal(columns: UInt16) throws -> (Int32, FileHandle) {
    // SAFETY: Swift passes a copy of the path that ends with NUL and lives through the call.
    let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(terminal >= 0)
    let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
    var lock: Int32 = 0
    var number: Int32 = 0
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    // SAFETY: each call reads or writes the one value it is given, which lives until it returns.
    try #require(unsafe ioctl(terminal, setLock, &lock) == 0)
    try #require(unsafe ioctl(terminal, getNumber, &number) == 0)
    try #require(unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    return (terminal, try #require(FileHandle(forUpdatingAtPath: "/dev/pts/\(number)")))
  }

  /// What a terminal of so many columns receives on standard error.
  private func shown(columns: UInt16, environment: [String: String]) async throws -> String {
    let folder = try Workspace()
    let (terminal, line) = try Self.openTerminal(columns: columns)
    defer { close(terminal) }
    let process = try GrpoProgram.start(
      ["run", "recipe.yaml"], in: folder.path, environment: environment,
      output: FileHandle.nullDevice, errors: line)
    try line.close()
    // Read to the end before waiting: a terminal that nobody reads holds its writer up.
    let text = Task.detached {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        // SAFETY: the call writes at most as many bytes as there are.
        let count = unsafe read(terminal, &buffer, buffer.count)
        // The end of a terminal is an error, not an empty read.
        if count <= 0 { break }
        bytes += buffer.prefix(count)
      }
      return String(decoding: bytes, as: UTF8.self)
    }
    #expect(try await GrpoProgram.end(process) == 0)
    return await text.value
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
