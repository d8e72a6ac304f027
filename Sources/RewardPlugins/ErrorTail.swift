internal import Rewards
internal import Synchronization

/// The end of what a child process wrote to its standard error, for messages.
package final class ErrorTail: Sendable {
  package static let capacity = 64 << 10

  private let bytes = Mutex<[UInt8]>([])

  package init() {}

  package func append(_ more: [UInt8]) {
    bytes.withLock {
      $0 += more
      // Cut in strides, so that a flood costs one copy of the tail per 64 KiB.
      if $0.count > 2 * Self.capacity { $0.removeFirst($0.count - Self.capacity) }
    }
  }

  package var contents: [UInt8] { bytes.withLock { Array($0.suffix(Self.capacity)) } }

  /// The last line that is not blank, fit for a message; nil when there is none.
  package var lastLine: String? {
    let lines = contents.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    let line = lines.last { !$0.allSatisfy { $0 == UInt8(ascii: " ") || $0 == 9 } }
    return line.map { oneLine(String(decoding: $0, as: UTF8.self)) }
  }
}
