import Formats
import Testing

@Suite struct JSONParserTests {
  static let accepted: [(String, JSON)] = [
    ("0", 0), ("-1", -1), ("1.0", 1.0), ("-0.0", -0.0), ("0.1", 0.1), ("1e+20", 1e20),
    ("5e-324", .number(.leastNonzeroMagnitude)),
    ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
    ("true", true), ("false", false), ("null", nil), (" \t\r\n[ ]\n", []), ("{}", [:]),
    (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u00e9\u0000\uD83D\ude00""#, "\u{E9}\u{0}\u{1F600}"),
    ("\"\u{7F}é😀\u{2028}\"", "\u{7F}é😀\u{2028}"),
    (#"[1,[2,{"a":[]}],"x"]"#, [1, [2, ["a": []]], "x"]),
    (#"{"":1,"a":{"a":2}}"#, ["": 1, "a": ["a": 2]]), (#""\uFFFF""#, "\u{FFFF}"),
  ]

  @Test(arguments: accepted)
  func readsWhatTheStandardAllows(text: String, value: JSON) throws {
    let parsed = try parse(text)
    #expect(parsed == value)
    if let number = value.double { #expect(parsed.double?.sign == number.sign) }
  }

  @Test(arguments: [
    "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e1",
    "1e", "1e+", "0x1", "1 2", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}",
    "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\":1]",
    "{1:2}", "\"", "\"\\", "\"\\u", "\"\\u12", "\"\\u12g4\"", "\"\\x\"", "\"a\nb\"", "\"\u{0}\"",
    "'a'", "[1]]", "// c\n1", "[1]\u{0}", "\u{FEFF}1", "\u{A0}1",
  ])
  func refusesWhatTheStandardDoesNotAllow(text: String) {
    #expect(throws: FormatError.self) { try parse(text) }
  }

  @Test(arguments: [
    ("\"\\ud83d\"", "lone surrogate \\ud83d"), ("\"\\ude00\"", "lone surrogate \\ude00"),
    ("\"\\ud83d\\ud83d\"", "lone surrogate \\ud83d"), ("\"\\ud83dx\"", "lone surrogate"),
    ("\u{FEFF}{}", "byte order mark"), ("01", "leading zero"),
    ("{\"a\":1,\"a\":2}", "duplicate key \"a\""), ("[1] x", "unexpected \"x\""),
    ("{\"a\":1,\"\\u0061\":2}", "duplicate key \"a\""), ("", "empty"), ("[1", "found the end"),
  ])
  func saysWhatIsWrong(text: String, words: String) throws {
    let error = try #require(throws: FormatError.self) { try parse(text) }
    #expect(error.message.contains(words), "\(error)")
  }

  @Test func keysThatAreOnlyCanonicallyEqualAreNoDuplicates() throws {
    let value = try parse("{\"\u{E9}\":1,\"e\u{301}\":2}")
    #expect(value.object?.count == 2)
  }

  @Test func namesLineAndFieldOfAFault() throws {
    let error = try #require(throws: FormatError.self) {
      try parse("{\n \"a\": 1,\n \"b\": {\"c\": [1, 2,\n 3, tru]}}")
    }
    #expect(error.line == 4)
    #expect(error.field == "b.c[3]")
    #expect(error.description == "t.json:4: b.c[3]: expected a value, found \"t\"")
  }

  /// What neither Int nor the shortest spelling of a Double writes alike is kept as it stood.
  @Test(arguments: [
    ("12193263113702179522496385", 12193263113702179522496385.0 as Double?, "an integer"),
    ("-9223372036854775809", -9223372036854775809.0, "an integer"), ("-0", -0.0, "an integer"),
    ("0.10", 0.1, "a number"), ("1e0", 1, "a number"), ("1E+2", 100, "a number"),
    ("1e-400", 0, "a number"), ("12345678901234567890.123", 12345678901234567890.123, "a number"),
    ("1e400", nil, "a number"), (String(repeating: "9", count: 4300), nil, "an integer"),
  ])
  func aNumberIsKeptAsItWasWritten(text: String, double: Double?, kind: String) throws {
    let value = try parse(text)
    #expect(value == .numeral(text))
    #expect(value.encoded() == text && value.text == text)
    #expect(value.double == double && value.double?.sign == double?.sign)
    #expect(value.int == nil && value.kindInWords == kind)
  }

  @Test func aNumberLongerThanPythonReadsIsRefused() throws {
    let error = try #require(throws: FormatError.self) {
      try parse("[" + String(repeating: "9", count: 4301) + "]")
    }
    #expect(error.message == "a number of 4301 characters")
  }

  @Test func namesTheByteOfInvalidUTF8() throws {
    let bytes = Array("{\"a\":1,\n\"b\":\"x".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
    let error = try #require(throws: FormatError.self) { try JSON(parsing: bytes, file: "t") }
    #expect(error.description == "t:2: b: invalid UTF-8 at byte 7 of the line (0xC3)")
  }

  @Test func nestsToTheCapAndNoDeeper() throws {
    let deep = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
    _ = try parse(deep)
    let error = try #require(throws: FormatError.self) { try parse("[" + deep + "]") }
    #expect(error.message.contains("512"))
    // Would overflow the stack of a recursive reader.
    #expect(throws: FormatError.self) { try parse(String(repeating: "{\"a\":[", count: 200_000)) }
  }

  @Test func boundsTheSize() {
    #expect(throws: FormatError.self) {
      try JSON(parsing: Array("[1,2]".utf8), file: "t", limits: .init(maximumBytes: 4))
    }
  }

  /// Cut anywhere, a document is an error or, for a lone number, another document; never a trap.
  @Test func everyTruncationAndBitFlipIsAnErrorOrAValue() throws {
    let bytes = Array(#"{"a":[1.5e3,"\u00e9\uD83D\uDE00",null],"b":{"c":-0,"d":"é"}}"#.utf8)
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self) { try JSON(parsing: Array(bytes[..<count]), file: "t") }
    }
    var accepted = 0
    for bit in 0..<8 * bytes.count {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      if (try? JSON(parsing: flipped, file: "t")) != nil { accepted += 1 }
    }
    #expect(accepted < 8 * bytes.count / 2)
  }

  private func parse(_ text: String) throws -> JSON {
    try JSON(parsing: Array(text.utf8), file: "t.json")
  }
}
