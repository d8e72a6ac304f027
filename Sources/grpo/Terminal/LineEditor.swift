import Formats
import Foundation
import Glibc

/// Lines typed at a terminal: arrow keys, the keys that shells share, and the lines before.
///
/// Between lines the terminal is as it was found, so that Ctrl-C ends what is computed then. While
/// a line is typed, Ctrl-C takes it back, and ends the program where there is none.
struct LineEditor {
  private let terminal: Terminal
  private let prompt: String
  private var history: [String] = []
  /// Bytes that were read and not yet used.
  private var bytes: ArraySlice<UInt8> = []

  init(terminal: Terminal, prompt: String) { (self.terminal, self.prompt) = (terminal, prompt) }

  /// The next line; nil at Ctrl-D, or Ctrl-C, on an empty one.
  mutating func next() throws -> String? {
    var found = termios()
    guard unsafe tcgetattr(STDIN_FILENO, &found) == 0 else { return nil }
    func enter() {
      var raw = found
      raw.c_iflag &= ~tcflag_t(ICRNL | IXON)
      raw.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
      _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    }
    func leave() { _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &found) }
    enter()
    defer { leave() }
    var line = EditedLine(history: history)
    while true {
      draw(line)
      guard let byte = try nextByte() else { return nil }
      switch line.take(byte) {
      case .edited: continue
      case .entered:
        StandardError.write("")
        if !line.text.isEmpty, line.text != history.last { history.append(line.text) }
        return line.text
      case .ended:
        StandardError.write("")
        return nil
      case .takenBack:
        StandardError.write("^C")
        line = EditedLine(history: history)
      case .suspended:
        leave()
        raise(SIGTSTP)
        enter()
      }
    }
  }

  private mutating func nextByte() throws -> UInt8? {
    if bytes.isEmpty { bytes = try StandardInput.read().map { $0[...] } ?? [] }
    return bytes.popFirst()
  }

  /// The part of the line around the cursor that the terminal's line holds.
  private func draw(_ line: EditedLine) {
    let room = max(terminal.width - prompt.columns - 1, 1)
    var before = Array(line.before.visible())
    while String(before).columns > room { before.removeFirst() }
    var after = Array(line.after.visible())
    while String(before + after).columns > room { after.removeLast() }
    let back = String(after).columns
    StandardError.write(
      raw: "\r\(prompt)\(String(before + after))\u{1B}[K" + (back > 0 ? "\u{1B}[\(back)D" : ""))
  }
}
