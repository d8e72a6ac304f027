/// Reads JSON without recursion: open arrays and objects stand on a stack of its own.
struct JSONParser {
  let bytes: [UInt8]
  let end: Int
  private let file: String
  let limits: JSON.Limits
  var position: Int
  private var line: Int
  var lineStart: Int
  private var open: [Container] = []

  /// An array or object whose end has not been read yet.
  private struct Container {
    var isObject: Bool
    var elements: [JSON] = []
    var members = JSONObject()
    /// The key whose value is being read.
    var key = ""
  }

  init(
    bytes: [UInt8], range: Range<Int>, file: String, limits: JSON.Limits, firstLine: Int = 1
  ) {
    (self.bytes, self.file, self.limits) = (bytes, file, limits)
    (position, lineStart, end) = (range.lowerBound, range.lowerBound, range.upperBound)
    line = firstLine
  }

  mutating func parseDocument() throws(FormatError) -> JSON {
    guard end - position <= limits.maximumBytes else {
      throw error("too long (got \(end - position) bytes; need at most \(limits.maximumBytes))")
    }
    if starts(with: [0xEF, 0xBB, 0xBF]) {
      throw error("starts with a byte order mark; save it as UTF-8 without one")
    }
    if starts(with: [0xFF, 0xFE]) || starts(with: [0xFE, 0xFF]) {
      throw error("is UTF-16; save it as UTF-8")
    }
    skipWhiteSpace()
    guard position < end else { throw error("empty; need a JSON value") }
    let value = try parseValue()
    skipWhiteSpace()
    guard position == end else { throw error("unexpected \(currentInWords) after the value") }
    return value
  }

  /// Reads a document that is an array, and hands over each element with the line where it begins,
  /// until `body` is false.
  mutating func parseElements(
    _ body: (_ element: JSON, _ line: Int) -> Bool
  ) throws(FormatError) {
    skipWhiteSpace()
    guard current == UInt8(ascii: "[") else {
      throw error("expected \"[\", found \(currentInWords)")
    }
    position += 1
    skipWhiteSpace()
    if current == UInt8(ascii: "]") {
      position += 1
    } else {
      var isOpen = true
      while isOpen {
        skipWhiteSpace()
        let start = line
        guard body(try parseValue(), start) else { return }
        skipWhiteSpace()
        isOpen = current == UInt8(ascii: ",")
        guard isOpen || current == UInt8(ascii: "]") else {
          throw error("expected \",\" or \"]\", found \(currentInWords)")
        }
        position += 1
      }
    }
    skipWhiteSpace()
    guard position == end else { throw error("unexpected \(currentInWords) after the value") }
  }

  /// Reads one value; arrays and objects are opened and closed in a loop, not by recursion.
  private mutating func parseValue() throws(FormatError) -> JSON {
    while true {
      skipWhiteSpace()
      var value: JSON
      switch current {
      case UInt8(ascii: "["):
        if try !openContainer(isObject: false) { continue }
        value = .array([])
      case UInt8(ascii: "{"):
        if try !openContainer(isObject: true) { continue }
        value = .object([:])
      default:
        value = try parseScalar()
      }
      // The value is complete: hand it to its container, and that one to its own when it ends.
      while true {
        guard !open.isEmpty else { return value }
        guard let closed = try deliver(value) else { break }
        value = closed
      }
    }
  }

  /// Steps into an array or object up to its first value; true when it is empty and closed.
  private mutating func openContainer(isObject: Bool) throws(FormatError) -> Bool {
    guard open.count < limits.maximumDepth else {
      throw error("nested deeper than \(limits.maximumDepth) levels")
    }
    position += 1
    skipWhiteSpace()
    if current == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
      position += 1
      return true
    }
    open.append(Container(isObject: isObject))
    if isObject { try parseKey() }
    return false
  }

  /// Adds a value to the innermost container; returns that container's value if it ends here.
  private mutating func deliver(_ value: JSON) throws(FormatError) -> JSON? {
    let top = open.count - 1
    let isObject = open[top].isObject
    if isObject {
      // The key was checked when it was read.
      _ = open[top].members.appendIfNew(value, for: open[top].key)
    } else {
      open[top].elements.append(value)
    }
    skipWhiteSpace()
    switch current {
    case UInt8(ascii: ","):
      position += 1
      if isObject { try parseKey() }
      return nil
    case UInt8(ascii: "}") where isObject:
      position += 1
      return .object(open.removeLast().members)
    case UInt8(ascii: "]") where !isObject:
      position += 1
      return .array(open.removeLast().elements)
    default:
      throw error("expected \",\" or \"\(isObject ? "}" : "]")\", found \(currentInWords)")
    }
  }

  private mutating func parseKey() throws(FormatError) {
    let top = open.count - 1
    open[top].key = ""
    skipWhiteSpace()
    guard current == UInt8(ascii: "\"") else {
      throw error("expected a key in quotes, found \(currentInWords)")
    }
    let key = try parseString()
    guard !open[top].members.contains(key) else {
      throw error("duplicate key \(key.quotedForMessage())")
    }
    open[top].key = key
    skipWhiteSpace()
    guard current == UInt8(ascii: ":") else {
      throw error("expected \":\" after the key, found \(currentInWords)")
    }
    position += 1
  }

  private mutating func parseScalar() throws(FormatError) -> JSON {
    if current == UInt8(ascii: "\"") { return .string(try parseString()) }
    if limits.asPythonWrites, let value = parseNonFinite() { return .number(value) }
    if let byte = current, byte == UInt8(ascii: "-") || byte.isDigit { return try parseNumber() }
    for (word, value) in [("true", JSON.bool(true)), ("false", .bool(false)), ("null", .null)]
    where starts(with: Array(word.utf8)) {
      position += word.utf8.count
      return value
    }
    throw error("expected a value, found \(currentInWords)")
  }
}

extension JSONParser {
  var current: UInt8? { position < end ? bytes[position] : nil }

  func starts(with prefix: [UInt8]) -> Bool {
    end - position >= prefix.count
      && bytes[position..<position + prefix.count].elementsEqual(prefix)
  }

  private mutating func skipWhiteSpace() {
    while position < end {
      switch bytes[position] {
      case 0x0A:
        line += 1
        lineStart = position + 1
      case 0x20, 0x09, 0x0D: break
      default: return
      }
      position += 1
    }
  }

  var currentInWords: String {
    guard let byte = current else { return "the end" }
    return (0x21..<0x7F).contains(byte)
      ? "\"" + String(UnicodeScalar(byte)) + "\"" : "byte \(hexadecimal(byte))"
  }

  func error(_ message: String) -> FormatError {
    var field = ""
    for container in open {
      if container.isObject {
        if container.key.isEmpty { continue }
        if !field.isEmpty { field += "." }
        field += container.key
      } else {
        field += "[\(container.elements.count)]"
      }
      if field.utf8.count > 256 {
        field += "…"
        break
      }
    }
    return FormatError(message, file: file, line: line, field: field.isEmpty ? nil : field)
  }
}
