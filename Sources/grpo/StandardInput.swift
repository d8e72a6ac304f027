import Foundation

/// Reading what another program, or a person, sends.
enum StandardInput {
  static let name = "standard input"

  static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// Everything up to its end.
  static func readAll(maximumBytes: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let more = try read() {
      bytes += more
      guard bytes.count <= maximumBytes else {
        throw Failure(.badData, "\(name): too large (need at most \(maximumBytes) bytes)")
      }
    }
    return bytes
  }

  /// Calls `body` with each line as it arrives, counted from 1, without its end (LF or CRLF).
  static func forEachLine(
    maximumBytes: Int = 16 << 20, _ body: (_ number: Int, _ line: String) throws -> Void
  ) throws {
    var rest: [UInt8] = []
    var number = 0
    func finish(_ line: ArraySlice<UInt8>) throws {
      number += 1
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard let text = String(validating: line, as: UTF8.self) else {
        throw Failure(.badData, "\(name):\(number): not UTF-8")
      }
      try body(number, text)
    }
    while let more = try read() {
      rest += more
      var start = 0
      while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        try finish(rest[start..<end])
        start = end + 1
      }
      rest.removeFirst(start)
      guard rest.count <= maximumBytes else {
        throw Failure(
          .badData, "\(name):\(number + 1): too long (need at most \(maximumBytes) bytes)")
      }
    }
    if !rest.isEmpty { try finish(rest[...]) }
  }

  /// What is there, or what comes next; nil at the end.
  private static func read() throws -> Data? {
    do {
      let data = try FileHandle.standardInput.read(upToCount: 1 << 16)
      return data.flatMap { $0.isEmpty ? nil : $0 }
    } catch {
      throw Failure(.inputOutput, "\(name): cannot read")
    }
  }
}
