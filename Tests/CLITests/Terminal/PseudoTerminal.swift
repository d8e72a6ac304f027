import Foundation
import Testing

enum PseudoTerminal {
  /// A terminal of Linux: its master's descriptor, and the line that a program writes to.
  static func open(columns: UInt16) throws -> (Int32, FileHandle) {
    // SAFETY: Swift passes a copy of the path that ends with NUL and lives through the call.
    let terminal = unsafe Foundation.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(terminal >= 0)
    let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
    var lock: Int32 = 0
    var number: Int32 = 0
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    // SAFETY: each call reads or writes the one value it is given, which lives until it returns.
    try #require(unsafe ioctl(terminal, setLock, &lock) == 0)
    try #require(unsafe ioctl(terminal, getNumber, &number) == 0)
    try #require(unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    // SAFETY: as for the master.
    let line = unsafe Foundation.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(line >= 0)
    return (terminal, FileHandle(fileDescriptor: line, closeOnDealloc: true))
  }

  /// What a terminal receives from the program, on standard error and, if nothing else takes it,
  /// standard output.
  static func output(
    of arguments: [String], in folder: Workspace, columns: UInt16,
    environment: [String: String] = ["TERM": "xterm"], standardOutput: FileHandle? = nil,
    status: Int32 = 0
  ) async throws -> String {
    let (terminal, line) = try open(columns: columns)
    defer { close(terminal) }
    let process = try await GrpoProgram.start(
      arguments, in: folder.path, environment: environment, output: standardOutput ?? line,
      errors: line)
    try line.close()
    // Read to the end before waiting: a terminal that nobody reads holds its writer up. On a thread
    // of its own, since those that tests share are few.
    async let text = withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: Self.read(terminal)) }
    }
    #expect(try await GrpoProgram.end(process) == status)
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
}
