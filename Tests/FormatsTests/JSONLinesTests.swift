import Formats
import Testing

@Suite struct JSONLinesTests {
  @Test(arguments: [
    "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}", "{\"a\":1}\r\n{\"a\":2}\r\n",
  ])
  func linesEndWithLFOrCRLFOrTheFile(text: String) throws {
    let lines = try JSONLines.lines(Array(text.utf8), file: "t")
    #expect(lines.map(\.line) == [1, 2])
    #expect(lines.map { $0.object["a"]?.int } == [1, 2])
  }

  @Test func blankLinesAreSkippedButCounted() throws {
    let lines = try JSONLines.lines(Array("\n{}\n \t\r\n{}\n\n".utf8), file: "t")
    #expect(lines.map(\.line) == [2, 4])
    #expect(try JSONLines.lines([], file: "t").isEmpty)
  }

  @Test func aByteOrderMarkIsRefusedByName() throws {
    let error = try #require(throws: FormatError.self) {
      try JSONLines.lines(Array("\u{FEFF}{}\n".utf8), file: "t")
    }
    #expect(error.line == 1)
    #expect(error.message.contains("byte order mark"))
  }

  @Test func aSingleBadLineIsOneLine() throws {
    let error = try #require(throws: FormatError.self) {
      try JSONLines.lines(Array("{}\n[1]\n{}\n".utf8), file: "t")
    }
    #expect(error.description == "t:2: got an array; need an object")
  }

  @Test func allBadLinesAreNamed() throws {
    let text = "{\"q\":\"x\"}\n{\"q\":true}\n{\"r\":\"x\"}\n{\n"
    let error = try #require(throws: FormatError.self) {
      try JSONLines.rows(Array(text.utf8), file: "t").map { line throws(FormatError) in
        try line.text("q")
      }
    }
    #expect(
      error.description == """
        t:2: q: neither text nor number (got a boolean; need a string) (the first of 3 bad lines)
        t:3: q: no such column (got the columns "r")
        t:4: expected a key in quotes, found the end
        """)
  }

  @Test func atMostTwentyBadLinesAreNamed() throws {
    let text = String(repeating: "{}\nx\n", count: 30)
    let error = try #require(throws: FormatError.self) {
      try JSONLines.lines(Array(text.utf8), file: "t")
    }
    let lines = error.description.split(separator: "\n")
    #expect(lines.count == 20)
    #expect(lines[0].hasPrefix("t:2: "))
    #expect(lines[0].hasSuffix("(the first of 20 bad lines; the rest was not read)"))
    #expect(lines[19].hasPrefix("t:40: "))
  }

  @Test func invalidUTF8IsNamedWithLineFieldAndByte() throws {
    let bytes = Array("{}\n{\"prompt\":\"ab".utf8) + [0xFF] + Array("\"}\n".utf8)
    let error = try #require(throws: FormatError.self) { try JSONLines.lines(bytes, file: "t") }
    #expect(error.description == "t:2: prompt: invalid UTF-8 at byte 14 of the line (0xFF)")
  }

  @Test func aLineBeyondTheLimitIsRefused() throws {
    let error = try #require(throws: FormatError.self) {
      try JSONLines.lines(Array("{}\n{\"a\":1}\n".utf8), file: "t", limits: .init(maximumBytes: 6))
    }
    #expect(error.line == 2)
  }
}
