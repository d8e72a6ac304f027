internal import Formats

/// What the text of a Python source says that it needs, without running it.
struct PythonSource {
  /// The first parts of the names of the modules that it imports from anywhere but its package.
  private(set) var imports: [String] = []
  /// Its texts within quotes that stand on one line.
  private(set) var literals: [String] = []

  init(_ source: String) {
    let text = String(decoding: Array(source.utf8).withoutByteOrderMark, as: UTF8.self)
      .replacing("\r\n", with: "\n").replacing("\\\n", with: " ")
    literals = Self.literals(in: text)
    // A string literal may be code that is run.
    let names = ([text] + literals).flatMap(Self.names)
    var seen: Set<String> = []
    imports = names.compactMap { name in
      guard !name.hasPrefix("."), let first = name.split(separator: ".").first,
        first.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }),
        seen.insert(String(first)).inserted
      else { return nil }
      return String(first)
    }
  }

  private static func names(in text: String) -> [Substring] {
    var names: [Substring] = []
    for line in text.split(whereSeparator: \.isNewline) {
      for statement in line.split(whereSeparator: { ";:".contains($0) }) {
        let words = statement.split(whereSeparator: \.isWhitespace)
        if words.first == "import" {
          names += words.dropFirst().joined(separator: " ").split(separator: ",").compactMap {
            $0.split(separator: " ").first
          }
        } else if words.first == "from", words.count > 2, words[2].hasPrefix("import") {
          names.append(words[1])
        }
      }
    }
    for call in ["import_module(", "__import__("] {
      for range in text.ranges(of: call) {
        let argument = text[range.upperBound...].drop { $0.isWhitespace }
        guard let quote = argument.first, "\"'".contains(quote) else { continue }
        names.append(argument.dropFirst().prefix { $0 != quote })
      }
    }
    return names
  }

  private static func literals(in text: String) -> [String] {
    var found: [String] = []
    for line in text.split(whereSeparator: \.isNewline) {
      var rest = line
      while let start = rest.firstIndex(where: { "\"'".contains($0) }) {
        let content = rest[rest.index(after: start)...]
        guard let end = content.firstIndex(of: rest[start]) else { break }
        if start != end { found.append(String(content[..<end])) }
        rest = content[content.index(after: end)...]
      }
    }
    return found.filter { !$0.isEmpty }
  }
}
