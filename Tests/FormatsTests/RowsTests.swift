import Formats
import Testing

@Suite struct RowsTests {
  private func rows(_ text: String) throws -> Rows {
    JSONLines.rows(Array(text.utf8), file: "t")
  }

  @Test func columnsStandInTheOrderOfTheirFirstUse() throws {
    let rows = try rows("{\"b\":1}\n{\"a\":1,\"b\":2}\n{\"e\u{301}\":1}\n{\"\u{E9}\":1}\n")
    #expect(
      rows.columns.map { Array($0.utf8) }
        == ["b", "a", "e\u{301}", "\u{E9}"].map { Array($0.utf8) })
  }

  @Test func aColumnThatNoRowHasIsNamedOnce() throws {
    let rows = try rows(String(repeating: "{\"question\":1,\"answer\":2}\n", count: 50))
    try rows.require("answer")
    let error = try #require(throws: FormatError.self) {
      try rows.require("qestion", for: "p.txt", setting: "data.question")
    }
    #expect(
      error.description
        == "t: qestion: no such column (got the columns \"question\", \"answer\"; p.txt uses it; did "
        + "you mean \"question\"?); name the right one with data.question")
  }

  @Test func aColumnThatSomeRowsHaveIsNoFaultOfTheFile() throws {
    try rows("{\"a\":1}\n{\"b\":1}\n").require("b")
    try rows("").require("b")
  }

  @Test func cellsBetweenOtherMarksAreToldBy() throws {
    let table = try CSV.rows(Array("question;answer\n1;2\n".utf8), file: "t")
    let error = try #require(throws: FormatError.self) { try table.require("solution") }
    #expect(error.message.contains("cells seem to be separated by \";\""))
  }

  @Test func linesThatAreNoRowsAreToldWithRowsThatAreNotWhatIsNeeded() throws {
    let error = try #require(throws: FormatError.self) {
      try rows("{\"q\":true}\n{\n{\"q\":1}\n{}\n").map { row throws(FormatError) in
        try row.text("q")
      }
    }
    #expect(
      error.description.split(separator: "\n").map { $0.prefix(4) } == ["t:1:", "t:2:", "t:4:"])
  }
}
