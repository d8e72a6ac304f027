import Foundation

/// What a stream can show.
struct Terminal: Sendable {
  private let descriptor: Int32
  private let isTerminal: Bool
  /// Whether lines can be drawn over, and someone watches.
  let isLive: Bool
  let hasColor: Bool

  static let standardOutput = Terminal(STDOUT_FILENO)
  static let standardError = Terminal(STDERR_FILENO)

  private init(_ descriptor: Int32) {
    let environment = ProcessInfo.processInfo.environment
    func isSet(_ name: String) -> Bool { environment[name].map { !$0.isEmpty } ?? false }
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    let understandsCodes =
      isTerminal && !["dumb", "unknown"].contains(environment["TERM"] ?? "dumb")
    isLive = understandsCodes && !isSet("CI")
    let isForced = ["FORCE_COLOR", "CLICOLOR_FORCE"].contains {
      isSet($0) && environment[$0] != "0"
    }
    hasColor = isForced || (understandsCodes && !isSet("NO_COLOR"))
  }

  /// Columns of a line, as they are now: the terminal's, or `COLUMNS` where that is fewer; 80 where
  /// neither is known.
  var width: Int {
    var size = winsize()
    // SAFETY: the call writes one `winsize`, which lives until it returns.
    let isKnown = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let named = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    let usable = named.flatMap { $0 > 0 ? $0 : nil }
    let columns = isKnown ? min(Int(size.ws_col), usable ?? .max) : usable ?? 80
    return min(max(columns, 20), 1000)
  }

  /// The columns that tables and sentences are laid out in; nil where nobody watches, as in a file
  /// or a pipe: lines are as long there as what they say.
  var lineWidth: Int? { isTerminal ? width : nil }

  /// A sentence in lines that fit.
  ///
  /// - Parameter indent: Spaces before every line but the first.
  func wrapped(_ text: String, indent: Int = 0) -> [String] {
    text.wrapped(to: lineWidth, indent: indent)
  }

  /// A command's help, whose usage the parser leaves in one line, broken between its options.
  func wrapped(usageIn help: String) -> String {
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
      guard line.hasPrefix("USAGE: ") else { return [String(line)] }
      return wrapped(
        String(line.replacing(#/\[.*?\]|<.*?>/#) { String($0.output).heldTogether }), indent: 7)
    }
    return lines.joined(separator: "\n")
  }

  /// A label and paths in one line, or one line each where they do not fit.
  func listed(_ label: String, _ paths: [String]) -> [String] {
    let line = label + paths.joined(separator: "  ")
    guard let width = lineWidth, line.columns > width else { return [line] }
    let indent = String(repeating: " ", count: label.columns)
    return paths.enumerated().map { ($0 == 0 ? label : indent) + $1 }
  }

  func styled(_ text: String, _ style: Style) -> String {
    hasColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// A sentence that says what it is about, in lines that fit.
  func labelled(_ word: String, _ text: String) -> String {
    wrapped(styled(word.padded(toAtLeast: 10), .stage) + "  " + text, indent: 12)
      .joined(separator: "\n")
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
