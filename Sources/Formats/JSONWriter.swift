extension JSON {
  /// How a value is laid out as text.
  public enum Style: Sendable {
    /// No white space at all.
    case compact
    /// Two spaces a level, one member a line, no final newline.
    case pretty
  }

  /// The value as JSON text: the same value always gives the same bytes.
  ///
  /// Numbers are written as the shortest text that reads back to the same bits, `.number` always
  /// with a point or an exponent and `.numeral` as it is. A number that is not finite is written as
  /// `null`, since JSON has no word for it.
  public func encoded(_ style: Style = .compact) -> String {
    String(decoding: encodedBytes(style), as: UTF8.self)
  }

  /// The bytes of `encoded(_:)`.
  public func encodedBytes(_ style: Style = .compact) -> [UInt8] {
    var writer = JSONWriter(style: style)
    writer.write(self)
    return writer.bytes
  }
}

struct JSONWriter {
  let style: JSON.Style
  var bytes: [UInt8] = []
  private var depth = 0

  init(style: JSON.Style) { self.style = style }

  mutating func write(_ value: JSON) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(String(value))
    case .number(let value): append(value.isFinite ? value.description : "null")
    case .numeral(let digits): append(digits)
    case .string(let value): writeString(value)
    case .array(let elements):
      writeList(open: UInt8(ascii: "["), close: UInt8(ascii: "]"), elements) { writer, element in
        writer.write(element)
      }
    case .object(let object):
      writeList(open: UInt8(ascii: "{"), close: UInt8(ascii: "}"), object.entries) {
        writer, entry in
        writer.writeString(entry.key)
        writer.append(writer.style == .compact ? ":" : ": ")
        writer.write(entry.value)
      }
    }
  }

  mutating func writeString(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x08: append("\\b")
      case 0x09: append("\\t")
      case 0x0A: append("\\n")
      case 0x0C: append("\\f")
      case 0x0D: append("\\r")
      case 0..<0x20: append("\\u" + byte.digits(4, radix: 16))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func writeList<Element>(
    open: UInt8, close: UInt8, _ elements: [Element],
    _ writeElement: (inout JSONWriter, Element) -> Void
  ) {
    bytes.append(open)
    depth += 1
    for (position, element) in elements.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      breakLine()
      writeElement(&self, element)
    }
    depth -= 1
    if !elements.isEmpty { breakLine() }
    bytes.append(close)
  }

  private mutating func breakLine() {
    guard style == .pretty else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
