extension StringProtocol {
  /// The text with every character that could move a terminal's cursor, colour or direction of
  /// writing spelled out, and line ends too unless they are to be `keepingLines`.
  package func visible(keepingLines: Bool = false) -> String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar.value {
      case 0x0A where !keepingLines: text += "\\n"
      case 0x09 where !keepingLines: text += "\\t"
      case 0x09, 0x0A: text.unicodeScalars.append(scalar)
      case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
        text += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The text cut to `count` scalars, with a mark where something is missing.
  package func shortened(toScalars count: Int = 60) -> String {
    let head = String(String.UnicodeScalarView(unicodeScalars.prefix(count)))
    return head.utf8.count < utf8.count ? head + "…" : head
  }
}
