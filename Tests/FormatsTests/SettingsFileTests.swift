import Formats
import Testing

@Suite struct SettingsFileTests {
  private func file(_ text: String) throws(FormatError) -> SettingsFile {
    try SettingsFile(parsing: Array(text.utf8), file: "t.json", need: "settings of a test")
  }

  @Test func whatIsNoObjectIsRefused() throws {
    let error = try #require(throws: FormatError.self) { try file("[1]") }
    #expect(error.description == "t.json: not a JSON object (need settings of a test)")
  }

  @Test func aFieldThatIsNullIsAbsent() throws {
    let file = try file(#"{"a": null, "b": true}"#)
    #expect(file.value("a") == nil && file.value("b") == true)
    #expect(try file.flag("a") == nil)
    #expect(try file.flag("b") == true)
  }

  @Test func aFlagIsTrueOrFalse() throws {
    let file = try file(#"{"a": 1}"#)
    let error = try #require(throws: FormatError.self) { try file.flag("a") }
    #expect(error.description == "t.json: a: got 1; need true or false")
  }
}
