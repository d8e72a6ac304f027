public import Formats

/// Text with columns to fill in: `{question}` stands for the row's column of that name.
///
/// `{{` and `}}` are braces, everything else stands for itself, and one newline at the very end
/// of the text is dropped, so that a file may end as text files do. A name is matched byte for
/// byte, spaces included.
public struct PromptTemplate: Sendable, Equatable {
  fileprivate enum Part: Sendable, Equatable {
    case text(String)
    case column(String)
  }

  /// What errors call the template: its path, where it has one.
  public let file: String
  private let parts: [Part]

  /// Reads a template.
  ///
  /// - Throws: a `FormatError` with line and column for a brace without its partner, a name that
  ///   is empty or contains a brace or a line end, and for a text without any column, which would
  ///   make every prompt the same.
  public init(_ text: String, file: String = "prompt") throws(FormatError) {
    var parser = TemplateParser(text: text, file: file)
    try parser.run()
    (self.file, parts) = (file, parser.parts)
    guard !columns.isEmpty else {
      throw FormatError(
        "no column in the template; need at least one, such as {question}", file: file)
    }
  }

  /// Reads the template in a file of at most 1 MiB; a byte order mark is skipped.
  public init(path: String) throws(FormatError) {
    let bytes = try Files.read(path, maximumBytes: 1 << 20)
    try self.init(ForeignFormat.text(in: bytes, file: path), file: path)
  }

  /// The columns that are filled in, each once, in the order of their first use.
  public var columns: [String] {
    var names: [String] = []
    for case .column(let name) in parts
    where !names.contains(where: { $0.hasSameBytes(as: name) }) {
      names.append(name)
    }
    return names
  }

  /// The text with a question filled in.
  ///
  /// - Throws: a `FormatError` where the template has other columns, too.
  public func filled(question: String) throws(FormatError) -> String {
    try filled { name throws(FormatError) in
      if name == "question" { return question }
      throw FormatError(
        "cannot be filled from a question alone; need rows (--input)", file: file,
        field: name)
    }
  }

  /// The text with each column replaced by what `value` gives for its name.
  public func filled(
    _ value: (_ column: String) throws(FormatError) -> String
  ) throws(FormatError) -> String {
    var text = ""
    for part in parts {
      switch part {
      case .text(let literal): text += literal
      case .column(let name): text += try value(name)
      }
    }
    return text
  }
}

/// One pass over a template's scalars, which keeps count of lines and columns for errors.
private struct TemplateParser {
  private(set) var parts: [PromptTemplate.Part] = []
  private let scalars: [Unicode.Scalar]
  private let file: String
  private var position = 0

  init(text: String, file: String) {
    var scalars = Array(text.unicodeScalars)
    if scalars.last == "\n" {
      scalars.removeLast()
      if scalars.last == "\r" { scalars.removeLast() }
    }
    (self.scalars, self.file) = (scalars, file)
  }

  mutating func run() throws(FormatError) {
    var literal = ""
    while position < scalars.count {
      let scalar = scalars[position]
      guard scalar == "{" || scalar == "}" else {
        literal.unicodeScalars.append(scalar)
        position += 1
        continue
      }
      if position + 1 < scalars.count, scalars[position + 1] == scalar {
        literal.unicodeScalars.append(scalar)
        position += 2
        continue
      }
      guard scalar == "{" else { throw error("\"}\" without a \"{\"; write }} for a brace") }
      if !literal.isEmpty { parts.append(.text(literal)) }
      literal = ""
      parts.append(.column(try columnName()))
    }
    if !literal.isEmpty { parts.append(.text(literal)) }
  }

  /// Reads from an opening brace to its closing one.
  private mutating func columnName() throws(FormatError) -> String {
    var name = ""
    var end = position + 1
    while end < scalars.count, scalars[end] != "}" {
      guard scalars[end] != "{", scalars[end] != "\n", scalars[end] != "\r" else { break }
      name.unicodeScalars.append(scalars[end])
      end += 1
    }
    guard end < scalars.count, scalars[end] == "}" else {
      throw error("\"{\" is never closed; write {{ for a brace")
    }
    guard !name.isEmpty else { throw error("\"{}\" names no column") }
    position = end + 1
    return name
  }

  /// An error at `position`.
  private func error(_ message: String) -> FormatError {
    let before = scalars[..<position]
    let line = before.count { $0 == "\n" } + 1
    let column = position - (before.lastIndex(of: "\n") ?? -1)
    return FormatError("column \(column): \(message)", file: file, line: line)
  }
}
