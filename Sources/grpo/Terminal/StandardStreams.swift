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
}

/// Results, for people or programs: what cannot be written is an error.
enum StandardOutput {
  enum Failure: Error {
    /// Nobody reads on, as after `| head`.
    case readerLeft
    case failed(reason: String)
  }

  static func write(_ text: String) throws(Failure) {
    if FileSystemCalls.writeAll(Array(text.utf8), to: STDOUT_FILENO) { return }
    let code = errno
    if code == EPIPE { throw .readerLeft }
    throw .failed(reason: unsafe String(cString: strerror(code)))
  }

  static func write(line: String) throws(Failure) { try write(line + "\n") }
}

/// Everything else; what cannot be written here has no one to be reported to.
enum StandardError {
  /// Whether warnings and the error are objects: where the command line asks for JSON, be the rest of it
  /// right or wrong.
  static let writesJSON = CommandLine.arguments.prefix { $0 != "--" }.contains("--json")

  /// Writes a line, secrets of URLs left out.
  static func write(_ line: String) { write(raw: Redaction.redacted(urlsIn: line) + "\n") }

  /// Writes a line about what the user should know.
  static func warn(_ text: String) {
    if writesJSON { return write(["warning": .object(Problem(text.visible()).encoded)]) }
    let terminal = Terminal.standardError
    let line = terminal.styled("warning", .warning) + ": " + text.visible()
    write(terminal.wrapped(line, indent: 9).joined(separator: "\n"))
  }

  /// Writes why the program ends.
  static func write(_ failure: Failure) {
    if !writesJSON { return failure.lines(on: .standardError).forEach { write($0) } }
    if let object = failure.encoded { write(object) }
  }

  private static func write(_ object: JSONObject) {
    write(raw: JSON.object(object).encoded() + "\n")
  }

  static func write(raw text: String) {
    _ = FileSystemCalls.writeAll(Array(text.utf8), to: STDERR_FILENO)
  }
}
