extension String {
  /// The text as one word of a shell's command line: any POSIX shell passes on the same bytes.
  ///
  /// It stays on one line but for line ends at the text's very end, and has no character that a
  /// terminal would obey.
  package var shellQuoted: String {
    let plain = utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./=:,+@%".utf8.contains(byte)
      }
    }
    if plain && !isEmpty { return self }
    if visible().hasSameBytes(as: self) { return Self.quoted(self) }
    // A shell strips trailing line ends of `$(…)`, so they follow it.
    let scalars = Array(unicodeScalars)
    let ends = scalars.reversed().prefix { $0 == "\n" }.count
    let spelled = scalars.dropLast(ends).map { $0.forPrintf }.joined()
    return "\"$(printf %b \(Self.quoted(spelled)))\""
      + (ends > 0 ? "'\(String(repeating: "\n", count: ends))'" : "")
  }

  /// A path as one word that no command takes for an option.
  package var shellQuotedPath: String { asPathWord.shellQuoted }

  /// A path that begins with no dash.
  package var asPathWord: String { utf8.first == UInt8(ascii: "-") ? "./" + self : self }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing(bytes: "'", with: "'\\''") + "'"
  }
}

extension Unicode.Scalar {
  /// The scalar as an argument of `printf %b`: what a terminal would obey is spelled out.
  fileprivate var forPrintf: String {
    let text = String(self)
    switch self {
    case "\n": return "\\n"
    case "\t": return "\\t"
    case "\\": return "\\\\"
    default:
      if text.visible().hasSameBytes(as: text) { return text }
      return text.utf8.map { "\\0" + $0.digits(3, radix: 8) }.joined()
    }
  }
}
