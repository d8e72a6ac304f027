import Formats
import Testing

@Suite struct ByteTextTests {
  private static let composed = "\u{E9}"
  private static let decomposed = "e\u{301}"

  @Test func canonicalEquivalentsAreOtherTexts() {
    #expect(Self.composed == Self.decomposed)
    #expect(!Self.composed.hasSameBytes(as: Self.decomposed))
    #expect(!"caf\(Self.composed)".contains(bytes: Self.decomposed))
    #expect("caf\(Self.decomposed)".contains(bytes: "e"))
  }

  @Test(arguments: [
    ("x\r\ny", "\n", 2), ("x\r\ny", "\r", 1), ("a\u{301}b", "a", 0), ("a\u{301}b", "\u{301}", 1),
    ("👍🏽!", "👍", 0), ("aab", "ab", 1), ("abc", "", 0), ("", "", 0),
  ])
  func aPartIsFoundWithinACharacter(text: String, part: String, position: Int) throws {
    let range = try #require(text.firstRange(ofBytes: part))
    #expect(text.utf8.distance(from: text.startIndex, to: range.lowerBound) == position)
    #expect(String(text[range]).hasSameBytes(as: part))
  }

  @Test(arguments: [("", "a"), ("ab", "abc"), ("\u{E9}", "e"), ("ab", "ba")])
  func whatDoesNotOccurIsNotFound(text: String, part: String) {
    #expect(text.firstRange(ofBytes: part) == nil)
  }

  @Test func splittingKeepsEmptyParts() {
    #expect("a\r\nb\n".split(bytes: "\n").map { Array($0.utf8) } == [[97, 13], [98], []])
    #expect("".split(bytes: ",") == [""])
    #expect("a,,b".split(bytes: ",") == ["a", "", "b"])
    #expect("aaa".split(bytes: "aa") == ["", "a"])
  }

  @Test func aMarkBeforeACombiningAccentIsReplaced() {
    let replaced = "a'\u{301}b".replacing(bytes: "'", with: "''")
    #expect(replaced.hasSameBytes(as: "a''\u{301}b"))
  }

  @Test func aTextIsCutAtTheFirstByte() throws {
    let parts = try #require("key=\u{301}a=b".cut(at: "="))
    #expect(parts.before == "key" && parts.after.hasSameBytes(as: "\u{301}a=b"))
    #expect("key".cut(at: "=") == nil)
  }

  @Test(arguments: [
    (" \r\n\u{A0}a b\r\n", "a b"), ("\r\n", ""), ("", ""), (" \u{301}a", "\u{301}a"),
  ])
  func whiteSpaceIsTrimmedByScalars(text: String, trimmed: String) {
    #expect(text.trimmingWhiteSpace.hasSameBytes(as: trimmed))
  }

  @Test func theLastOccurrenceIsTheLast() {
    #expect(ByteSearch.last(Array("ab".utf8), in: Array("ababa".utf8)) == 2)
    #expect(ByteSearch.last(Array("x".utf8), in: Array("ababa".utf8)) == nil)
  }
}
