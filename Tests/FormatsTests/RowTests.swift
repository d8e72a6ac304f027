import Formats
import Testing

@Suite struct RowTests {
  private func row(_ text: String) throws -> Row {
    try #require(try JSONLines.lines(Array(text.utf8), file: "t").first)
  }

  @Test func aColumnAsTextIsAStringOrANumberAsWritten() throws {
    let row = try row(#"{"a": "x", "b": 1.50, "c": null}"#)
    #expect(try row.text("a") == "x")
    #expect(try row.text("b") == "1.50")
    #expect(
      throws: FormatError(
        "neither text nor number (got null; need a string; p uses it)", file: "t", line: 1,
        field: "c")
    ) { try row.text("c", for: "p") }
    #expect(
      throws: FormatError(
        #"no such column (got the columns "a", "b", "c")"#, file: "t", line: 1, field: "d")
    ) { try row.text("d") }
  }

  @Test func aNumberMayStandAsText() throws {
    let row = try row(#"{"a": 0.50, "b": "-1e2", "c": "x", "d": "1e999", "e": true}"#)
    #expect(try row.number("a") == 0.5)
    #expect(try row.number("b") == -100)
    for column in ["c", "d", "e", "f"] {
      #expect(throws: FormatError.self) { try row.number(column) }
    }
  }
}
