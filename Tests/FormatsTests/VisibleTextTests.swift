import Formats
import Testing

@Suite struct VisibleTextTests {
  @Test func whatWouldMoveATerminalIsSpelledOut() {
    #expect(
      "a\nb\tc\r\u{1B}[2J\u{2028}\u{202E}é".visible()
        == #"a\nb\tc\u{d}\u{1b}[2J\u{2028}\u{202e}é"#)
    #expect("a\nb\tc\r".visible(keepingLines: true) == "a\nb\tc\\u{d}")
  }

  @Test func aLongTextIsCutAtAScalar() {
    #expect("abcd".shortened(toScalars: 4) == "abcd")
    #expect("abcde".shortened(toScalars: 4) == "abcd…")
    // An e and its accent are two scalars.
    #expect("e\u{301}".shortened(toScalars: 1) == "e…")
  }

  @Test func quotesStandAroundTheMarkOfACut() {
    #expect("ab".quotedForMessage() == "\"ab\"")
    let long = String(repeating: "a", count: 64)
    #expect((long + "b").quotedForMessage() == "\"\(long)…\"")
  }
}
