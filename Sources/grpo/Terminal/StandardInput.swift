import Formats
import Foundation
import Glibc

/// Reading what another program, or a person, sends.
enum StandardInput {
  static let name = Files.standardInput

  static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// Everything up to its end, or up to another stream's.
  static func readAll(
    from descriptor: Int32 = STDIN_FILENO, named name: String = Self.name, maximumBytes: Int
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let more = try read(from: descriptor) {
      bytes += more
      guard bytes.count <= maximumBytes else {
        throw Failure(.badData, "\(name): too large (need at most \(maximumBytes) bytes)")
      }
    }
    return bytes
  }

  /// Calls `body` with each line as it arrives, counted from 1, without its end (LF or CRLF).
  static func forEachLine(_ body: (_ number: Int, _ line: String) throws -> Void) throws {
    var lines = Lines()
    while let (number, line) = try lines.next() { try body(number, line) }
  }

  /// Lines as they arrive, counted from 1, without their ends (LF or CRLF).
  struct Lines {
    let maximumBytes: Int
    /// Where they come from.
    private let descriptor: Int32
    private var rest: [UInt8] = []
    private var start = 0
    private var number = 0
    private var isAtEnd = false

    init(maximumBytes: Int = 16 << 20, from descriptor: Int32 = STDIN_FILENO) {
      (self.maximumBytes, self.descriptor) = (maximumBytes, descriptor)
    }

    mutating func next() throws -> (number: Int, line: String)? {
      while true {
        if let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
          defer { start = end + 1 }
          return try finish(rest[start..<end])
        }
        rest.removeFirst(start)
        start = 0
        guard rest.count <= maximumBytes else {
          throw Failure(
            .badData, "\(name):\(number + 1): too long (need at most \(maximumBytes) bytes)")
        }
        if !isAtEnd, let more = try read(from: descriptor) {
          rest += more
          continue
        }
        isAtEnd = true
        if rest.isEmpty { return nil }
        defer { rest = [] }
        return try finish(rest[...])
      }
    }

    private mutating func finish(_ line: ArraySlice<UInt8>) throws -> (number: Int, line: String) {
      number += 1
      let line = Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
      let text = number == 1 ? line.withoutByteOrderMark : line
      guard let text = String(validating: text, as: UTF8.self) else {
        throw Failure(.badData, "\(name):\(number): not UTF-8")
      }
      return (number, text)
    }
  }

  /// What is there, or what comes next; nil at the end.
  ///
  /// `FileHandle` would wait for all that it is asked for, and a request for its answer.
  static func read(from descriptor: Int32 = STDIN_FILENO) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // SAFETY: at most as many bytes are written as the array has.
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 { return Array(bytes[..<count]) }
      if count == 0 { return nil }
      if errno != EINTR { throw Failure(.inputOutput, "\(name): cannot read") }
    }
  }
}
