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

/// A line that is being typed, with a cursor between `before` and `after`.
struct EditedLine {
  enum Outcome { case edited, entered, ended, takenBack, suspended }

  private(set) var before = ""
  private(set) var after = ""
  private var lines: [String]
  /// The line of `lines` that is edited: the last one is the new one.
  private var place: Int
  /// What has come of a key's sequence, or of a character of several bytes.
  private var pending: [UInt8] = []

  init(history: [String]) {
    lines = history + [""]
    place = history.count
  }

  var text: String { before + after }

  /// Does what a byte from the terminal asks for.
  mutating func take(_ byte: UInt8) -> Outcome {
    if pending.first == 0x1B { return takeKey(byte) }
    if byte >= 0x80 {
      pending.append(byte)
      if let text = String(validating: pending, as: UTF8.self) { insert(text) }
      if pending.count >= 4 { pending = [] }
      return .edited
    }
    pending = []
    switch byte {
    case 0x0D, 0x0A: return .entered
    case control("c"): return text.isEmpty ? .ended : .takenBack
    case control("d") where text.isEmpty: return .ended
    case control("z"): return .suspended
    case 0x1B: pending = [byte]
    case 0x7F, control("h"): _ = before.popLast()
    case control("d"): if !after.isEmpty { after.removeFirst() }
    case control("b"): left()
    case control("f"): right()
    case control("a"): (before, after) = ("", text)
    case control("e"): (before, after) = (text, "")
    case control("p"): recall(place - 1)
    case control("n"): recall(place + 1)
    case control("k"): after = ""
    case control("u"): before = ""
    case control("w"):
      while before.last?.isWhitespace == true { before.removeLast() }
      while before.last?.isWhitespace == false { before.removeLast() }
    case 0x09, 0x20...: insert(String(UnicodeScalar(byte)))
    default: break
    }
    return .edited
  }

  /// A byte of an arrow's or another key's sequence: ESC, `[` or `O`, digits, a letter or `~`.
  private mutating func takeKey(_ byte: UInt8) -> Outcome {
    pending.append(byte)
    let isStart = pending.count == 2 && (byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O"))
    if isStart || (pending.count < 8 && (0x30..<0x40).contains(byte)) { return .edited }
    switch String(decoding: pending.dropFirst(2), as: UTF8.self) {
    case "A": recall(place - 1)
    case "B": recall(place + 1)
    case "C": right()
    case "D": left()
    case "H", "1~", "7~": (before, after) = ("", text)
    case "F", "4~", "8~": (before, after) = (text, "")
    case "3~": if !after.isEmpty { after.removeFirst() }
    default: break
    }
    pending = []
    return .edited
  }

  private func control(_ letter: UnicodeScalar) -> UInt8 { UInt8(letter.value) & 0x1F }

  private mutating func insert(_ text: String) {
    before += text
    pending = []
  }

  private mutating func left() {
    if let character = before.popLast() { after = String(character) + after }
  }

  private mutating func right() { if !after.isEmpty { before.append(after.removeFirst()) } }

  private mutating func recall(_ other: Int) {
    guard lines.indices.contains(other) else { return }
    lines[place] = text
    place = other
    (before, after) = (lines[other], "")
  }
}
