import Foundation

/// What a stream can show.
struct Terminal: Sendable {
  private let descriptor: Int32
  /// Whether lines can be drawn over, and someone watches.
  let isLive: Bool
  let hasColor: Bool

  static let standardOutput = Terminal(STDOUT_FILENO)
  static let standardError = Terminal(STDERR_FILENO)

  private init(_ descriptor: Int32) {
    let environment = ProcessInfo.processInfo.environment
    func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
    self.descriptor = descriptor
    let understandsCodes =
      isatty(descriptor) == 1 && !["dumb", "unknown"].contains(environment["TERM"] ?? "dumb")
    isLive = understandsCodes && !isSet("CI")
    let isForced = ["FORCE_COLOR", "CLICOLOR_FORCE"].contains {
      isSet($0) && environment[$0] != "0"
    }
    hasColor = isForced || (understandsCodes && !isSet("NO_COLOR"))
  }

  /// Columns of a line, as they are now.
  var width: Int {
    var size = winsize()
    // SAFETY: the call writes one `winsize`, which lives until it returns.
    if unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      return Int(size.ws_col)
    }
    let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    return min(max(columns ?? 80, 20), 1000)
  }

  func styled(_ text: String, _ style: Style) -> String {
    hasColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// A line that says what it is about.
  func labelled(_ word: String, _ text: String) -> String {
    styled(word.padded(toAtLeast: 10), .stage) + "  " + text
  }

  enum Style: String {
    case bold = "1"
    case dim = "2"
    case stage = "1;32"
    case error = "1;31"
    case warning = "1;33"
    case number = "36"
  }
}
