/// A line that is being typed, with a cursor between `before` and `after`.
struct EditedLine {
  enum Outcome { case edited, entered, ended, takenBack, suspended }

  private(set) var before = ""
  private(set) var after = ""
  private var lines: [String]
  /// The line of `lines` that is edited: the last one is the new one.
  private var index: Int
  /// What has come of a key's sequence, or of a character of several bytes.
  private var pending: [UInt8] = []

  init(history: [String]) {
    lines = history + [""]
    index = history.count
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
    case control("p"): recall(index - 1)
    case control("n"): recall(index + 1)
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
    case "A": recall(index - 1)
    case "B": recall(index + 1)
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
    lines[index] = text
    index = other
    (before, after) = (lines[other], "")
  }
}
