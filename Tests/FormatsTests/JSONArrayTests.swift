import Formats
import Testing

@Suite struct JSONArrayTests {
  private func read(_ text: String) throws -> [Row] {
    try JSONArray.rows(Array(text.utf8), file: "t.json").map { $0 }
  }

  private func error(_ text: String) -> String {
    do {
      _ = try read(text)
      return "no error"
    } catch {
      return String(describing: error)
    }
  }

  @Test func everyElementIsARowAtItsLine() throws {
    let rows = try read(
      "[{\"a\": 1},\n {\"a\": 12193263113702179522496385}\n,\n\n{\n\"a\": [{}]}]\n")
    #expect(rows.map(\.line) == [1, 2, 5])
    #expect(rows.map { $0.object["a"]?.encoded() } == ["1", "12193263113702179522496385", "[{}]"])
    #expect(try read(" [ ] ").isEmpty)
  }

  @Test(arguments: [
    ("[{\"a\": 1},\n3]", "t.json:2: got an integer; need an object"),
    ("[{\"a\": 1},\n]", "t.json:2: expected a value, found \"]\""),
    ("[{\"a\": 1}\n{\"a\": 2}]", "t.json:2: expected \",\" or \"]\", found \"{\""),
    ("[{\"a\": 1},\n{\"b\": tru}]", "t.json:2: b: expected a value, found \"t\""),
    ("[{\"a\": 1}]\n[]", "t.json:2: unexpected \"[\" after the value"),
    ("[{\"a\": 1},\n{\"a\": 2", "t.json:2: a: expected \",\" or \"}\", found the end"),
    ("[{\"a\": 1, \"a\": 2}]", "t.json:1: duplicate key \"a\""),
  ])
  func whatIsNoRowIsRefusedByLine(text: String, message: String) {
    #expect(error(text) == message)
  }
}
