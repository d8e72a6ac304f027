/// Reads the fields of one protobuf message from its wire format, in their order.
///
///     tag = varint(number << 3 | type),  type ∈ {0 varint, 1 64-bit, 2 bytes, 5 32-bit}
///
/// <https://protobuf.dev/programming-guides/encoding>. It knows no schema: a nested message is
/// read by a reader of its own, made from the field's bytes. Everything is bounded by the bytes
/// it was given; a truncated field, a varint beyond 64 bits, field number 0, groups and unknown
/// wire types are errors that name the offset.
package struct ProtobufReader: Sendable {
  /// One field of a message.
  package struct Field: Sendable {
    /// The field's number in the schema, at least 1.
    package let number: Int
    /// The field's value, by its wire type.
    package let value: Value
    /// Where the field's tag stands in the file.
    package let offset: Int
  }

  /// A value by its wire type.
  package enum Value: Sendable {
    /// A whole number, boolean or enumeration.
    case varint(UInt64)
    /// Eight bytes, little-endian.
    case fixed64(UInt64)
    /// A text, a nested message, or packed numbers.
    case bytes(ArraySlice<UInt8>)
    /// Four bytes, little-endian.
    case fixed32(UInt32)
  }

  private let bytes: ArraySlice<UInt8>
  private let file: String
  private var position: Int

  /// A reader of a whole file's message.
  package init(_ bytes: [UInt8], file: String) { self.init(bytes[...], file: file) }

  /// A reader of a nested message; offsets in errors stay those of the whole file.
  package init(_ bytes: ArraySlice<UInt8>, file: String) {
    (self.bytes, self.file, position) = (bytes, file, bytes.startIndex)
  }

  /// The next field, or nil at the message's end.
  package mutating func next() throws(FormatError) -> Field? {
    guard position < bytes.endIndex else { return nil }
    let offset = position
    let tag = try varint()
    guard let number = Int(exactly: tag >> 3), (1..<1 << 29).contains(number) else {
      throw error("field number \(tag >> 3)", at: offset)
    }
    let value: Value
    switch tag & 7 {
    case 0: value = .varint(try varint())
    case 1: value = .fixed64(try littleEndian(8))
    case 2:
      let length = try varint()
      guard let length = Int(exactly: length), length <= bytes.endIndex - position else {
        throw error(
          "field \(number) has \(length) bytes, but only \(bytes.endIndex - position) are left",
          at: offset)
      }
      value = .bytes(bytes[position..<position + length])
      position += length
    case 5: value = .fixed32(UInt32(truncatingIfNeeded: try littleEndian(4)))
    default: throw error("field \(number) has wire type \(tag & 7)", at: offset)
    }
    return Field(number: number, value: value, offset: offset)
  }

  /// An error about the file at `offset`.
  package func error(_ message: String, at offset: Int) -> FormatError {
    FormatError("\(message) at byte \(offset)", file: file)
  }

  private mutating func varint() throws(FormatError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, to: 70, by: 7) {
      guard position < bytes.endIndex else { throw error("truncated varint", at: start) }
      let byte = bytes[position]
      position += 1
      // The tenth byte has room for the 64th bit only.
      guard shift < 63 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw error("varint longer than 64 bits", at: start)
  }

  private mutating func littleEndian(_ count: Int) throws(FormatError) -> UInt64 {
    guard bytes.endIndex - position >= count else {
      throw error("truncated \(8 * count)-bit value", at: position)
    }
    var value: UInt64 = 0
    for i in 0..<count { value |= UInt64(bytes[position + i]) << UInt64(8 * i) }
    position += count
    return value
  }
}

extension ProtobufReader.Value {
  /// The value of a varint field; nil for another wire type.
  package var varint: UInt64? {
    if case .varint(let value) = self { value } else { nil }
  }

  /// The bytes of a length-delimited field; nil for another wire type.
  package var bytes: ArraySlice<UInt8>? {
    if case .bytes(let value) = self { value } else { nil }
  }

  /// The value of a `float` field; nil for another wire type.
  package var float: Float? {
    if case .fixed32(let bits) = self { Float(bitPattern: bits) } else { nil }
  }
}
