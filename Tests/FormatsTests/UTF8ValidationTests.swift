import Formats
import Testing

@Suite struct UTF8ValidationTests {
  /// Every first byte, continued by the bytes at the edges of the table.
  @Test func agreesWithTheStandardLibrary() {
    var disagreements = 0
    for first in UInt8.min...UInt8.max {
      for second: UInt8 in [0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF] {
        for tail: [UInt8] in [[], [0x80], [0xBF], [0x80, 0x80], [0xBF, 0xC0], [0x41, 0x80]] {
          let bytes = [first, second] + tail
          let isValid = String(validating: bytes, as: UTF8.self) != nil
          if (firstInvalidUTF8(in: bytes[...]) == nil) != isValid { disagreements += 1 }
        }
      }
    }
    #expect(disagreements == 0)
  }

  @Test func namesTheFirstBadByte() {
    #expect(firstInvalidUTF8(in: [0x41, 0xC3, 0xA9, 0xFF, 0x41]) == 3)
    #expect(firstInvalidUTF8(in: [0x41, 0xE2, 0x82]) == 1)
    #expect(firstInvalidUTF8(in: []) == nil)
  }
}
