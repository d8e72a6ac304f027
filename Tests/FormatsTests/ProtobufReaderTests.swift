import Formats
import Testing

@Suite struct ProtobufReaderTests {
  @Test func readsEveryWireType() throws {
    // 1: varint 300; 2: "ab"; 3: float 1.5; 4: the 64-bit value 1; 16: varint 2⁶⁴ − 1.
    let bytes: [UInt8] =
      [0x08, 0xAC, 0x02, 0x12, 0x02, 0x61, 0x62, 0x1D, 0x00, 0x00, 0xC0, 0x3F]
      + [0x21, 1, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x01] + [UInt8](repeating: 0xFF, count: 9) + [0x01]
    let fields = try fields(bytes)
    #expect(fields.map(\.number) == [1, 2, 3, 4, 16])
    #expect(fields[0].value.varint == 300)
    #expect(fields[1].value.bytes.map(Array.init) == Array("ab".utf8))
    #expect(fields[2].value.float == 1.5)
    if case .fixed64(1) = fields[3].value {} else { Issue.record("\(fields[3])") }
    #expect(fields[4].value.varint == .max)
    #expect(fields.map(\.offset) == [0, 3, 7, 12, 21])
  }

  @Test func nestedMessagesKeepTheFilesOffsets() throws {
    var outer = ProtobufReader([0x0A, 0x02, 0x08, 0x80], file: "m")
    let inner = try #require(try outer.next()?.value.bytes)
    var reader = ProtobufReader(inner, file: "m")
    let error = try #require(throws: FormatError.self) { try reader.next() }
    #expect(error.description == "m: truncated varint at byte 3")
  }

  @Test(
    arguments: [
      ([0x80], "truncated varint"), ([0x08], "truncated varint"), ([0x12, 0x05, 0x61], "5 bytes"),
      ([0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "18446744073709551615"),
      ([0x1D, 0, 0, 0], "truncated 32-bit"), ([0x21, 0], "truncated 64-bit"),
      ([0x00, 0x01], "field number 0"), ([0x0B], "wire type 3"), ([0x0E], "wire type 6"),
      ([UInt8](repeating: 0x80, count: 11), "longer than 64 bits"),
      ([0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x02], "longer than 64 bits"),
      ([0x80, 0x80, 0x80, 0x80, 0x10, 0x01], "field number 536870912"),
    ] as [([UInt8], String)])
  func refusesWhatIsMalformed(bytes: [UInt8], words: String) throws {
    let error = try #require(throws: FormatError.self) { try fields(bytes) }
    #expect(error.message.contains(words), "\(error)")
  }

  private func fields(_ bytes: [UInt8]) throws -> [ProtobufReader.Field] {
    var reader = ProtobufReader(bytes, file: "m")
    var fields: [ProtobufReader.Field] = []
    while let field = try reader.next() { fields.append(field) }
    return fields
  }
}
