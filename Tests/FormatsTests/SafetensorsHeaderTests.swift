import Formats
import Testing

/// The cases of the reference reader, version 0.8.0, and the limits that are ours.
@Suite struct SafetensorsHeaderTests {
  @Test(arguments: [
    ("{}", 0), ("  {}\n ", 0), (#"{"__metadata__":null}"#, 0),
    (#"{"__metadata__":{"format":"pt"}}"#, 0),
    (#"{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, 4),
    (#"{"x":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}"#, 0),
    (#"{"x":{"dtype":"F4","shape":[4],"data_offsets":[0,2],"more":[{}]}}"#, 2),
    (
      #"{"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},"#
        + #""a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"#
        + #""z":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}"#, 6
    ),
  ])
  func acceptsWhatTheReferenceAccepts(header: String, dataBytes: Int) throws {
    _ = try Safetensors(bytes: safetensors(header, dataBytes: dataBytes), file: "t")
  }

  @Test(arguments: [
    // A hole, an overlap, a first offset that is not 0, trailing and missing data.
    (
      #"{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
        + #""y":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}"#, 4, "y: invalid offset 3"
    ),
    (
      #"{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"#
        + #""y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#, 4, "y: invalid offset 2"
    ),
    (
      #"{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
        + #""z":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}"#, 4, "z: invalid offset 2"
    ),
    (#"{"x":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}"#, 4, "x: invalid offset 1"),
    (#"{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#, 4, "not fully covered: 1 bytes"),
    ("{}", 1, "not fully covered"),
    (#"{"x":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}}"#, 4, "x: invalid offsets [0, 5]"),
    (#"{"x":{"dtype":"U8","shape":[0],"data_offsets":[4,3]}}"#, 4, "x: invalid offsets [4, 3]"),
    // A shape that does not fit, or overflows.
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "x: shape [2] of F32 needs 8"),
    (
      #"{"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, 4,
      "x: shape [4294967296, 4294967296] overflows"
    ),
    (
      #"{"x":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,4]}}"#, 4,
      "x: shape [4611686018427387904] overflows"
    ),
    (
      #"{"x":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}"#, 1,
      "x: shape [1] of F4 is not a whole"
    ),
    (
      #"{"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}"#, 1,
      "x: too many dimensions"
    ),
    // Entries that are no entries.
    (#"{"x":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, 4, "x: unknown dtype \"F31\""),
    (#"{"x":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4, "x: shape: got 1.0"),
    (#"{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "x: shape: got -1"),
    (#"{"x":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}"#, 4, "x: shape: got an integer"),
    (#"{"x":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}"#, 4, "x: dtype: got an integer"),
    (#"{"x":{"shape":[1],"data_offsets":[0,4]}}"#, 4, "x: dtype: missing"),
    (#"{"x":{"dtype":"F32","data_offsets":[0,4]}}"#, 4, "x: shape: missing"),
    (#"{"x":{"dtype":"F32","shape":[1]}}"#, 4, "x: data_offsets: missing"),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4, "x: data_offsets: got 1 numbers"),
    (#"{"x":[]}"#, 0, "x: got an array"),
    ("[]", 0, "header is an array"),
    (#"{"__metadata__":{"a":1}}"#, 0, "__metadata__.a: got an integer"),
    (#"{"__metadata__":{"a":{}}}"#, 0, "__metadata__.a: got an object"),
    (#"{"__metadata__":"a"}"#, 0, "__metadata__: got a string"),
    // A header that is no JSON.
    ("{}\u{0}", 0, "header: unexpected byte 0x00"),
    (
      #"{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
        + #""x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, 0, "duplicate key \"x\""
    ),
  ])
  func refusesAndNamesTheTensor(header: String, dataBytes: Int, words: String) throws {
    let error = try #require(throws: FormatError.self) {
      try Safetensors(bytes: safetensors(header, dataBytes: dataBytes), file: "t")
    }
    #expect(error.description.contains(words), "\(error)")
  }

  @Test func refusesAHeaderBeyondTheFileOrTheLimit() throws {
    let beyond: [UInt8] =
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F] + [UInt8](repeating: 0, count: 4088)
    #expect(
      message(beyond) == "t: header length 9223372036854775807 > file size 4096")
    #expect(message([1, 2, 3]) == "t: file too short (got 3 bytes; need at least 8)")
    #expect(message([]) == "t: file too short (got 0 bytes; need at least 8)")
    let large = safetensors([UInt8](repeating: 0x20, count: (16 << 20) + 1), data: [])
    #expect(message(large).contains("header too large (got 16777217"))
  }

  @Test func refusesTooManyTensorsAndLongNames() {
    var limits = Safetensors.Limits()
    limits.tensors = 1
    limits.nameBytes = 2
    let entry = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    func accepts(_ header: String) -> Bool {
      let bytes = safetensors(header, dataBytes: 0)
      return (try? Safetensors(bytes: bytes, file: "t", limits: limits)) != nil
    }
    #expect(accepts(#"{"ab":\#(entry),"__metadata__":{}}"#))
    #expect(!accepts(#"{"a":\#(entry),"b":\#(entry)}"#))
    #expect(!accepts(#"{"abc":\#(entry)}"#))
  }

  @Test func namesThatAreOnlyCanonicallyEqualAreTwoTensors() throws {
    let header =
      "{\"\u{E9}\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
      + "\"e\u{301}\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}"
    let file = try Safetensors(bytes: safetensors(header, dataBytes: 3), file: "t")
    #expect(file.tensor(named: "\u{E9}")?.shape == [1])
    #expect(file.tensor(named: "e\u{301}")?.shape == [2])
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "a Git LFS pointer in"),
    ("<!DOCTYPE html><html></html>", "an HTML page"), ("\n <HTML>", "an HTML page"),
    ("PK\u{3}\u{4}archive/data.pkl", "a zip archive"), ("GGUF\u{3}\u{0}\u{0}\u{0}", "GGUF"),
  ])
  func namesAFileOfAnotherKind(text: String, kind: String) {
    #expect(message(Array(text.utf8)).hasPrefix("t: \(kind)"))
  }

  @Test func namesAPickle() {
    let bytes: [UInt8] = [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20]
    #expect(message(bytes) == "t: a Python pickle; need weights")
  }

  private func message(_ bytes: [UInt8]) -> String {
    do throws(FormatError) {
      _ = try Safetensors(bytes: bytes, file: "t")
      return "accepted"
    } catch {
      return error.description
    }
  }
}
