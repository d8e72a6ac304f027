import Formats
import Testing

@Suite struct ByteKeyTests {
  @Test func canonicallyEqualTextsAreDifferentKeys() {
    #expect("\u{E9}" == "e\u{301}")
    #expect(ByteKey("\u{E9}") != ByteKey("e\u{301}"))
    #expect(Set(["\u{E9}", "e\u{301}", "\u{E9}"].map(ByteKey.init)).count == 2)
  }
}
