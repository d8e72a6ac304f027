import Formats
import Testing

@Suite struct SafetensorsTests {
  @Test func widensEveryFloatType() throws {
    // 1.5 and -2 in each type.
    let data: [UInt8] =
      [0x00, 0x3E, 0x00, 0xC0] + [0xC0, 0x3F, 0x00, 0xC0] + [0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0]
      + [0, 0, 0, 0, 0, 0, 0xF8, 0x3F]
    let file = try file(
      [("h", "F16", 2), ("b", "BF16", 2), ("f", "F32", 2), ("d", "F64", 1)], data)
    for name in ["h", "b", "f"] {
      let tensor = try #require(file.tensor(named: name))
      #expect(try file.floats(tensor) == [1.5, -2])
    }
    let tensor = try #require(file.tensor(named: "d"))
    let error = try #require(throws: FormatError.self) { try file.floats(tensor) }
    #expect(error.description == "t: d: wrong dtype (got F64; need F32, F16 or BF16)")
  }

  @Test func keepsOrderAndMetadata() throws {
    let header =
      #"{"__metadata__":{"b":"1","a":"2"},"y":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"#
      + #""x":{"dtype":"U8","shape":[1,1],"data_offsets":[0,1]}}"#
    let file = try Safetensors(bytes: safetensors(Array(header.utf8), data: [7, 8]), file: "t")
    #expect(file.tensors.map(\.name) == ["y", "x"])
    #expect(file.metadata.map(\.0) == ["b", "a"])
    #expect(file.tensor(named: "none") == nil)
    let x = try #require(file.tensor(named: "x"))
    #expect(x.shape == [1, 1])
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = try sample()
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self, "cut to \(count) bytes") {
        try Safetensors(bytes: Array(bytes[..<count]), file: "t")
      }
    }
  }

  /// A flipped bit may leave another valid file (a letter of a name); it must never trap.
  @Test func everyBitFlipOfTheHeaderIsAnErrorOrAFile() throws {
    let bytes = try sample()
    var refused = 0
    for bit in 0..<8 * (bytes.count - 24) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      do {
        let file = try Safetensors(bytes: flipped, file: "t")
        for tensor in file.tensors { _ = try? file.floats(tensor) }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 4 * (bytes.count - 24))
  }

  private func sample() throws -> [UInt8] {
    try Safetensors.encode([("a.weight", [2, 2], [1, 2, 3, 4]), ("b", [2], [5, 6])])
  }

  private func file(_ entries: [(String, String, Int)], _ data: [UInt8]) throws -> Safetensors {
    var header: JSONObject = [:]
    var offset = 0
    for (name, type, count) in entries {
      let bits = try #require(Safetensors.ElementType(rawValue: type)).bits
      let end = offset + count * bits / 8
      header[name] = [
        "dtype": .string(type), "shape": [.integer(count)],
        "data_offsets": [.integer(offset), .integer(end)],
      ]
      offset = end
    }
    return try Safetensors(
      bytes: safetensors(JSON.object(header).encodedBytes(), data: data), file: "t")
  }
}
