import Datasets
import Formats
import Testing

@Suite struct DataFileTests {
  private func rows(_ text: String, _ file: String) throws -> [Row] {
    try DataFile.rows(Array(text.utf8), file: file).map { $0 }
  }

  /// The same two rows in every format.
  @Test(
    arguments: [
      ("t.jsonl", "{\"q\": \"1\", \"a\": \"x,\\\"y\"}\n{\"q\": \"2\", \"a\": \"\"}\n"),
      ("t.ndjson", "{\"q\": \"1\", \"a\": \"x,\\\"y\"}\r\n{\"q\": \"2\", \"a\": \"\"}"),
      ("t.json", "[{\"q\": \"1\", \"a\": \"x,\\\"y\"},\n {\"q\": \"2\", \"a\": \"\"}]"),
      ("t.json", "{\"q\": \"1\", \"a\": \"x,\\\"y\"}\n{\"q\": \"2\", \"a\": \"\"}\n"),
      ("no-ending", "\n [{\"q\": \"1\", \"a\": \"x,\\\"y\"},{\"q\": \"2\", \"a\": \"\"}]"),
      ("t.csv", "q,a\n1,\"x,\"\"y\"\n2,\n"),
      ("T.CSV", "\"q\",\"a\"\r\n1,\"x,\"\"y\"\r\n2,\"\"\r\n"),
      ("a.b/t.tsv", "q\ta\n1\t\"x,\"\"y\"\n2\t\n"),
    ], [false, true])
  func rowsAreTheSameInEveryFormat(file: (name: String, text: String), hasMark: Bool) throws {
    let found = try rows((hasMark ? "\u{FEFF}" : "") + file.text, file.name)
    #expect(found.map(\.object) == [["q": "1", "a": "x,\"y"], ["q": "2", "a": ""]])
  }

  @Test(arguments: [
    ("t.jsonl", "", "t.jsonl: has no rows"), ("t.json", " []\n", "t.json: has no rows"),
    ("t.csv", "", "t.csv: empty; need a line with the names of the columns"),
    (
      "t.json", "{\n \"data\": [\n {\"a\": 1}\n ]\n}\n",
      "t.json: is an object; need an array of objects, or one object per line"
    ),
    ("t.csv", "a\tb\n1\t2", "no error"),
  ])
  func whatHoldsNoRowsIsRefused(file: String, text: String, message: String) {
    do {
      _ = try rows(text, file)
      #expect(message == "no error")
    } catch {
      #expect(String(describing: error) == message)
    }
  }

  @Test func aFormatThatIsNotReadIsNamed() throws {
    let error = try #require(throws: FormatError.self) {
      try DataFile.rows([0x1F, 0x8B, 0x08, 0x00], file: "train.csv.gz")
    }
    #expect(
      error.description == "train.csv.gz: gzip; need JSON Lines, JSON, CSV or TSV: gzip -dc < "
        + "train.csv.gz > train.csv")
  }

  @Test func namesSayWhetherAFileHoldsRows() {
    #expect(["a.jsonl", "a.NDJSON", "x/a.b.json", "a.csv", "a.tsv"].allSatisfy(DataFile.isNamed))
    #expect(
      !["a.txt", "jsonl", "a.csv/b", "csv", "a.csv.gz", ""].contains(where: DataFile.isNamed))
  }
}
