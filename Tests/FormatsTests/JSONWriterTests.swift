import Formats
import Testing

@Suite struct JSONWriterTests {
  @Test func compactHasNoWhiteSpace() {
    let value: JSON = ["a": [1, 2.5, true, nil, "x"], "b": [:], "c": []]
    #expect(value.encoded() == #"{"a":[1,2.5,true,null,"x"],"b":{},"c":[]}"#)
  }

  @Test func prettyIndentsByTwoSpaces() {
    let value: JSON = ["a": [1, ["b": 2]], "c": [], "d": [:]]
    #expect(
      value.encoded(.pretty) == """
        {
          "a": [
            1,
            {
              "b": 2
            }
          ],
          "c": [],
          "d": {}
        }
        """)
  }

  @Test func numbersKeepTheirKind() {
    #expect(JSON.number(1).encoded() == "1.0")
    #expect(JSON.number(-0.0).encoded() == "-0.0")
    #expect(JSON.integer(1).encoded() == "1")
  }

  @Test func numbersThatAreNotFiniteAreNull() {
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(JSON.number(value).encoded() == "null")
    }
  }

  /// Bit patterns spread over all of Double by a Weyl sequence.
  @Test func everyFiniteNumberReadsBackToTheSameBits() throws {
    var bits: UInt64 = 1
    for _ in 0..<20_000 {
      bits &+= 0x9E37_79B9_7F4A_7C15
      let value = Double(bitPattern: bits)
      guard value.isFinite else { continue }
      let text = JSON.number(value).encodedBytes()
      guard case .number(let read) = try JSON(parsing: text, file: "t") else {
        Issue.record("\(value) was read as no number")
        return
      }
      #expect(read.bitPattern == bits)
    }
  }

  @Test func everyCharacterReadsBack() throws {
    let text = String(
      String.UnicodeScalarView((0..<0x3000 as Range<UInt32>).compactMap(Unicode.Scalar.init)))
    let bytes = JSON.string(text).encodedBytes()
    #expect(try JSON(parsing: bytes, file: "t") == .string(text))
    #expect(bytes.allSatisfy { $0 >= 0x20 })
    #expect(JSON.string("\u{1}\n\"\\/é").encoded() == #""\u0001\n\"\\/é""#)
  }
}
