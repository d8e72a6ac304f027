import Formats
import Testing

@Suite struct CSVTests {
  private func read(_ bytes: [UInt8], _ separator: CSV.Separator = .comma) throws -> [Row] {
    try CSV.rows(bytes, file: "t.csv", separator: separator).map { $0 }
  }

  private func read(_ text: String, _ separator: CSV.Separator = .comma) throws -> [[String]] {
    try read(Array(text.utf8), separator).map { $0.object.entries.compactMap(\.value.string) }
  }

  private func error(_ text: String, _ separator: CSV.Separator = .comma) -> String {
    error(Array(text.utf8), separator)
  }

  private func error(_ bytes: [UInt8], _ separator: CSV.Separator = .comma) -> String {
    do {
      _ = try read(bytes, separator)
      return "no error"
    } catch {
      return String(describing: error)
    }
  }

  @Test(arguments: [
    ("a,b\n1,2\n", [["1", "2"]]), ("a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]),
    ("a,b\n1,2\r\n3,4\n", [["1", "2"], ["3", "4"]]), ("a\n\n1\n\r\n2\n\n", [["1"], ["2"]]),
    ("a,b\n,\n", [["", ""]]), ("a,b\n\"\",\"x\"\n", [["", "x"]]), ("a\n\"\"\n", [[""]]),
    ("a,b\n\"1,2\",\" x \"\n", [["1,2", " x "]]), ("a,b\n 1 ,\t2\n", [[" 1 ", "\t2"]]),
    ("a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", [["say \"hi\"", "\""]]),
    ("a,b\n\"x\r\ny\nz\rw\",2\n", [["x\r\ny\nz\rw", "2"]]),
    ("\"a\",\"b\"\n007,1.50", [["007", "1.50"]]),
    ("a,b\ne\u{301},\u{301}\n", [["e\u{301}", "\u{301}"]]),
  ])
  func cellsAreTextAsItStands(text: String, cells: [[String]]) throws {
    let found = try read(text)
    #expect(found.map { $0.map { Array($0.utf8) } } == cells.map { $0.map { Array($0.utf8) } })
  }

  @Test func tabsSeparateCellsOfTSV() throws {
    #expect(try read("a\tb\n1,2\t\"x\ty\"\n", .tab) == [["1,2", "x\ty"]])
  }

  @Test func rowsKnowTheLineTheyBeginAt() throws {
    let rows = try read(Array("a,b\n\n\"x\ny\",1\nz,2\n".utf8))
    #expect(rows.map(\.line) == [3, 5])
    #expect(rows[1].object["a"] == "z")
  }

  @Test(arguments: [
    ("a,b\n1,2\n3\n", "t.csv:3: got 1 cell; need 2"),
    (
      "a;b\n1,5;2\n",
      "t.csv:2: got 2 cells; need 1, one for each column (cells seem to be separated"
    ),
    ("a,b\n1,2\na,b\n3,4\n", "t.csv:3: repeats the header"),
    ("a,b\n1,2\n\u{FEFF}a,b\n3,4\n", "t.csv:3: starts with a byte order mark"),
    ("a,b\n1,2\n\u{FEFF}\"c\",b\n3,4\n", "t.csv:3: starts with a byte order mark"),
    ("\u{FEFF}a,b\n1,2\n", "t.csv:1: a second byte order mark"),
    ("a,b\n1,2,3\n", "t.csv:2: got 3 cells; need 2"),
    ("a,b\n1,2,\n", "t.csv:2: got 3 cells; need 2"),
    ("a,b\n1,\"2\n3,4\n", "t.csv:2: cell 2: its quotation mark is never closed"),
    ("a,b\n1,\"2\" \n", "t.csv:2: cell 2: has text after its closing quotation mark"),
    ("a,b\n1,2\"\n", "t.csv:2: cell 2: a quotation mark in an unquoted cell"),
    ("a,b\n1, \"2\"\n", "t.csv:2: cell 2: a quotation mark in an unquoted cell"),
    ("a,b\r1,2\r", "t.csv:1: a carriage return alone"),
    ("a,b\n1\r,2\n", "t.csv:2: a carriage return alone"),
    ("a,b,a\n1,2,3\n", "t.csv:1: a: is the name of two columns"),
    ("a,\"b\n", "t.csv:1: cell 2: its quotation mark is never closed"),
    ("a,b\n1,x\u{0}\n", "t.csv:2: cell 2: a NUL character"),
    ("", "t.csv: empty; need a line with the names of the columns"),
    ("\n\r\n", "t.csv: empty; need a line with the names of the columns"),
    ("a,b\n", "t.csv:1: has a header and no rows"),
  ])
  func whatIsNoRowIsRefusedByLine(text: String, message: String) {
    #expect(error(text).hasPrefix(message), "\(error(text))")
  }

  @Test func namesThatAreOnlyCanonicallyEqualAreTwoColumns() throws {
    #expect(try read("\u{E9},e\u{301}\n1,2\n") == [["1", "2"]])
  }

  @Test func invalidUTF8IsRefusedByLine() {
    let bytes = Array("a,b\n1,x".utf8) + [0xE9] + Array("\n".utf8)
    #expect(error(bytes) == "t.csv:2: cell 2: invalid UTF-8 (0xE9)")
  }

  @Test func aHugeCellIsRefusedByLine() {
    let bytes =
      Array("a\n\"".utf8) + [UInt8](repeating: 0x78, count: (16 << 20) + 1) + [0x22, 0x0A]
    #expect(error(bytes).hasPrefix("t.csv:2: cell 1: too long (got 16777217 bytes"))
  }

  @Test func allBadLinesAreNamedUpToALostQuotationMark() {
    let lines = error("a,b\n1\n1,2\n1,2,3\n1,\"\n1\n").split(separator: "\n")
    #expect(lines.map { $0.prefix(8) } == ["t.csv:2:", "t.csv:4:", "t.csv:5:"])
  }

  @Test(arguments: ["", "x", "a,b", "say \"hi\"", "x\ny\r\nz", "\"\u{301}", "é"])
  func aCellThatWasWrittenReadsBack(text: String) throws {
    let found = try read("a,b\n\(CSV.cell(text)),end\n")
    #expect(found.count == 1 && found[0][0].hasSameBytes(as: text) && found[0][1] == "end")
  }
}
