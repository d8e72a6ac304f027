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
    let room = max(terminal.width - Self.columns(prompt) - 1, 1)
    var before = Array(line.before.visible())
    while Self.columns(String(before)) > room { before.removeFirst() }
    var after = Array(line.after.visible())
    while Self.columns(String(before + after)) > room { after.removeLast() }
    let back = Self.columns(String(after))
    StandardError.write(
      raw: "\r\(prompt)\(String(before + after))\u{1B}[K" + (back > 0 ? "\u{1B}[\(back)D" : ""))
  }

  /// Columns of a terminal that a text takes.
  private static func columns(_ text: String) -> Int {
    text.reduce(0) { sum, character in sum + (character.unicodeScalars.map(\.columns).max() ?? 0) }
  }
}

extension Unicode.Scalar {
  /// East Asian Width as terminals have it: 2 for wide characters, 0 for marks on others.
  fileprivate var columns: Int {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xAC00...0xD7A3,
      0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return 2
    default: break
    }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return properties.isEmojiPresentation ? 2 : 1
    }
  }
}
