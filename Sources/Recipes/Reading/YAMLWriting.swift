internal import Formats

extension Node {
  /// The map as YAML in block style, with lists of scalars and empty lists on one line.
  ///
  /// Texts are quoted unless they are plainly words or paths, so that reading gives back the same
  /// nodes apart from their places.
  var yaml: String {
    var lines: [String] = []
    Self.append(entries ?? [], indent: "", to: &lines)
    return lines.map { $0 + "\n" }.joined()
  }

  private static func append(_ entries: [Entry], indent: String, to lines: inout [String]) {
    for entry in entries {
      append(entry.value, after: indent + text(entry.key, quoted: true) + ":", indent, to: &lines)
    }
  }

  /// Appends a value behind `head`, which is a key or a list item's dash at `indent`.
  private static func append(
    _ node: Node, after head: String, _ indent: String, to lines: inout [String]
  ) {
    if node.isOfOneLine { return lines.append("\(head) \(node.flow)") }
    switch node.content {
    case .scalar: break  // is of one line
    case .map(let entries):
      lines.append(head)
      append(entries, indent: indent + "  ", to: &lines)
    case .list(let items):
      lines.append(head)
      for item in items {
        // An item's first line begins with the dash, even if it is a key of the item.
        let first = lines.count
        if let entries = item.entries, !entries.isEmpty {
          append(entries, indent: indent + "    ", to: &lines)
          lines[first] = indent + "  - " + lines[first].dropFirst(indent.count + 4)
        } else {
          append(item, after: indent + "  -", indent + "  ", to: &lines)
        }
      }
    }
  }

  /// Whether there is no key in it.
  private var isOfOneLine: Bool {
    switch content {
    case .scalar: true
    case .map(let entries): entries.isEmpty
    case .list(let items): items.allSatisfy(\.isOfOneLine)
    }
  }

  /// The value as YAML in flow style, on one line.
  package var flow: String {
    switch content {
    case .scalar(let text, let quoted): Self.text(text, quoted: quoted)
    case .list(let items): "[\(items.map(\.flow).joined(separator: ", "))]"
    case .map(let entries):
      "{\(entries.map { "\(Self.text($0.key, quoted: true)): \($0.value.flow)" }.joined(separator: ", "))}"
    }
  }

  private static func text(_ text: String, quoted: Bool) -> String {
    if !quoted || isWord(text) { return text }
    return text.unicodeScalars.reduce(into: "\"") { $0 += escaped($1) } + "\""
  }

  /// Whether `text` is a word or a path that no reader takes for anything else.
  private static func isWord(_ text: String) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    // Bit 0x20 tells lower from upper case letters.
    func isLetter(_ byte: UInt8) -> Bool {
      letters.contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }
    guard let first = text.utf8.first(where: { !"./".utf8.contains($0) }), isLetter(first),
      text.utf8.allSatisfy({ isLetter($0) || "0123456789./-".utf8.contains($0) })
    else { return false }
    return !["null", "true", "false"].contains(text)
  }

  /// A scalar as it stands between double quotes; what YAML takes for unprintable is escaped.
  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": return "\\\""
    case "\\": return "\\\\"
    case "\n": return "\\n"
    case "\t": return "\\t"
    case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}",
      "\u{FFFF}":
      return "\\u" + scalar.value.digits(4, radix: 16, uppercase: true)
    default: return String(scalar)
    }
  }
}
