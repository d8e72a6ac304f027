extension String {
  /// Columns of a terminal that the text takes; codes that style it take none.
  var columns: Int {
    var (sum, isCode) = (0, false)
    for character in self {
      if isCode {
        isCode = character != "m"
      } else if character == "\u{1B}" {
        isCode = true
      } else {
        sum += character.unicodeScalars.map(\.columns).max() ?? 0
      }
    }
    return sum
  }

  /// Spaces before the text, up to a width in columns.
  func padded(toAtLeast width: Int) -> String {
    String(repeating: " ", count: max(0, width - columns)) + self
  }

  /// Spaces after the text, up to a width in columns.
  func filled(toAtLeast width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - columns))
  }

  /// The text with its words held together when it is wrapped, if a line has room for them.
  ///
  /// The character that does so occurs in no shown text: `visible()` spells it out.
  var heldTogether: String { replacing(" ", with: Self.joint) }

  private static let joint = "\u{1F}"

  /// The text in lines of at most `width` columns, broken at spaces.
  ///
  /// A word that is longer than a line stays whole, so that a path can be copied.
  ///
  /// - Parameters:
  ///   - width: The columns of a line; nil for any number.
  ///   - indent: Spaces before every line but the first.
  func wrapped(to width: Int?, indent: Int = 0) -> [String] {
    var lines: [String] = []
    var line = ""
    let words = split(separator: " ", omittingEmptySubsequences: false).flatMap { word in
      guard let width, indent + String(word).columns > width else { return [word] }
      return word.split(separator: Self.joint, omittingEmptySubsequences: false)
    }
    for (index, word) in words.enumerated() {
      let longer = index == 0 ? String(word) : line + " " + word
      if let width, longer.columns > width, !word.isEmpty, line.contains(where: { $0 != " " }) {
        lines.append(line.withoutSpacesAtEnd)
        line = String(repeating: " ", count: indent) + word
      } else {
        line = longer
      }
    }
    return (lines + [line]).map { $0.replacing(Self.joint, with: " ") }
  }

  /// The same, with words that are longer than a line broken where it ends.
  func broken(to width: Int) -> [String] {
    wrapped(to: width).flatMap { line in
      line.reduce(into: [""]) { parts, character in
        let longer = parts[parts.count - 1] + String(character)
        if longer.columns > width, !parts[parts.count - 1].isEmpty {
          parts.append(String(character))
        } else {
          parts[parts.count - 1] = longer
        }
      }
    }
  }

  var withoutSpacesAtEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
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
