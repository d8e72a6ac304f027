import Formats
import Testing

@Suite struct SafetensorsWriterTests {
  /// The layout that the reference writer 0.8.0 gives these tensors: sorted by name bytewise,
  /// compact, padded with spaces to a multiple of eight.
  @Test func writesTheReferencesBytes() throws {
    let bytes = try Safetensors.encode([
      ("b.weight", [2], [1.5, -2]), ("a", [1, 1], [0]), ("\u{E9}\"", [], [3]),
    ])
    var header =
      #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"#
      + #""b.weight":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"#
      + #""é\"":{"dtype":"F32","shape":[],"data_offsets":[12,16]}}"#
    while header.utf8.count % 8 != 0 { header += " " }
    let data: [UInt8] = [0, 0, 0, 0, 0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0x40, 0x40]
    #expect(bytes == safetensors(Array(header.utf8), data: data))
  }

  @Test func whatIsWrittenIsReadToTheSameBits() throws {
    let values: [Float] = [0, -0.0, .nan, .infinity, .leastNonzeroMagnitude, 1 / 3]
    let bytes = try Safetensors.encode([("x", [2, 3], values)], metadata: [])
    let file = try Safetensors(bytes: bytes, file: "t")
    let tensor = try #require(file.tensor(named: "x"))
    #expect(tensor.shape == [2, 3])
    #expect(try file.floats(tensor).map(\.bitPattern) == values.map(\.bitPattern))
    #expect(file.metadata.isEmpty)
    #expect(bytes.count % 8 == 0)
  }

  @Test func theOrderGivenDoesNotMatter() throws {
    let a: (String, [Int], [Float]) = ("a", [1], [1])
    let b: (String, [Int], [Float]) = ("b", [2], [2, 3])
    #expect(try Safetensors.encode([a, b]) == Safetensors.encode([b, a]))
  }

  @Test(
    arguments: [
      [("x", [2], 1)], [("x", [1], 1), ("x", [1], 1)], [("__metadata__", [1], 1)], [("x", [-1], 1)],
      [("x", [.max, 2], 1)], [(String(repeating: "n", count: 513), [1], 1)],
    ] as [[(String, [Int], Int)]])
  func refusesWhatItCouldNotReadBack(tensors: [(String, [Int], Int)]) {
    #expect(throws: FormatError.self) {
      try Safetensors.encode(
        tensors.map { ($0.0, $0.1, [Float](repeating: 0, count: $0.2)) })
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func whatCouldNotBeLoadedIsNotWritten(value: Float) throws {
    let tensors: [(name: String, shape: [Int], values: [Float])] = [
      ("a", [2], [1, 2]), ("b.weight", [3], [0, value, value]),
    ]
    let error = #expect(throws: FormatError.self) {
      try Safetensors.encodeFinite(tensors, file: "moments.safetensors")
    }
    #expect(error?.kind == .notFinite)
    #expect(
      error?.description
        == "moments.safetensors: b.weight: is not finite at flat index 1 (got \(value)); not saved")
    #expect(
      try Safetensors.encodeFinite([tensors[0]], file: "") == Safetensors.encode([tensors[0]]))
  }
}
