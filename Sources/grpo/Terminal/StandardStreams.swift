import Formats
import Foundation
import RewardPlugins

/// What keeps the three standard streams from surprising anyone.
enum StandardStreams {
  /// A reader that went away is an error of the write, not the end of the process; and a stream
  /// that is closed is held, so that no file of ours gets its number and then its output.
  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    // A parent that ignores it, and hands that on, keeps its children from being told of theirs.
    signal(SIGCHLD, SIG_DFL)
    for descriptor in STDIN_FILENO...STDERR_FILENO
    where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // Read-only: writing to what was closed goes on failing. The lowest free number is taken.
      // SAFETY: Swift passes a copy of the path that ends with NUL and lives through the call.
      _ = unsafe open("/dev/null", O_RDONLY)
    }
  }

  /// Writes all bytes, and returns 0 or the error's number.
  fileprivate static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var start = 0
    while start < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        // SAFETY: the call gets the part of the buffer that is not written yet, and its size.
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
        return unsafe Foundation.write(descriptor, rest.baseAddress, rest.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return errno }
      start += count
    }
    return 0
  }
}

/// Results, for people or programs: what cannot be written is an error.
enum StandardOutput {
  enum Failure: Error {
    /// Nobody reads on, as after `| head`.
    case readerLeft
    case failed(reason: String)
  }

  static func write(_ text: String) throws(Failure) {
    let code = StandardStreams.write(Array(text.utf8), to: STDOUT_FILENO)
    if code == EPIPE { throw .readerLeft }
    if code != 0 { throw .failed(reason: unsafe String(cString: strerror(code))) }
  }

  static func write(line: String) throws(Failure) { try write(line + "\n") }
}

/// Everything else; what cannot be written here has no one to be reported to.
enum StandardError {
  /// Writes a line, secrets of URLs left out.
  static func write(_ line: String) { write(raw: Redaction.redacted(urlsIn: line) + "\n") }

  /// Writes a line about what the user should know.
  static func warn(_ text: String) {
    write(Terminal.standardError.styled("warning", .warning) + ": " + text.visible())
  }

  static func write(raw text: String) {
    _ = StandardStreams.write(Array(text.utf8), to: STDERR_FILENO)
  }
}
