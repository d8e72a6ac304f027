import Formats
import Testing

@Suite struct FormatErrorTests {
  @Test func descriptionNamesFileLineAndField() {
    let error = FormatError("got 1; need 2", file: "a.json", line: 3, field: "x.y")
    #expect(error.description == "a.json:3: x.y: got 1; need 2")
    #expect(FormatError("m", file: "a").description == "a: m")
  }

  @Test func descriptionIsOneLineWhateverTheTextHolds() {
    let error = FormatError(
      "tab\tand\rreturn\u{85}\u{202E}", file: "a\nb", field: "k\u{1B}[2J\u{2028}")
    #expect(
      error.description
        == "a\\nb: k\\u{1b}[2J\\u{2028}: tab\\tand\\u{d}return\\u{85}\\u{202e}")
  }

  @Test func furtherFaultsAreFurtherLines() {
    var error = FormatError("x", file: "a", line: 1)
    error.others = [FormatError("y", file: "a", line: 2)]
    #expect(error.description == "a:1: x\na:2: y")
  }
}
