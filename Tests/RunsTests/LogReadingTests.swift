import Formats
import Runs
import Testing

@Suite struct LogReadingTests {
  @Test func everyLineOfAWholeLogIsRead() throws {
    let reading = try reading("{\"step\":1}\n{\"step\":2}\n")
    #expect(reading.lines == [["step": 1], ["step": 2]])
    #expect(reading.problem == nil)
  }

  @Test func damagedLinesAreSkippedAndCounted() throws {
    let one = try reading("{\"step\":1}\n{\"st\u{0}p\":2}\n{\"step\":3}\n")
    #expect(one.lines == [["step": 1], ["step": 3]])
    #expect(one.problem?.line == 2)
    let two = try reading("\u{FEFF}{\"step\":1}\n7\n{\"step\":3}\n{\"st")
    #expect(two.lines == [["step": 3]])
    #expect(two.problem?.line == 1)
    #expect(two.problem?.message.hasSuffix(" (the first of 3 damaged lines)") == true)
  }

  /// Larger than the pieces in which it is read.
  @Test func aLogOfManyPiecesIsReadLineByLine() throws {
    let scratch = try Scratch()
    var text = ""
    for step in 1...3 {
      text += "{\"step\":\(step),\"text\":\"\(String(repeating: "x", count: 700_000))\"}\n"
    }
    var bytes = Array(text.utf8)
    try Files.writeAtomically(bytes, to: scratch["m"])
    var steps: [Int?] = []
    #expect(LogReading.problem(at: scratch["m"]) { steps.append($0["step"]?.int) } == nil)
    #expect(steps == [1, 2, 3])
    bytes[bytes.count / 2] = 0
    try Files.writeAtomically(bytes, to: scratch["m"])
    #expect(LogReading.problem(at: scratch["m"])?.line == 2)
    #expect(LogReading(path: scratch["m"]).lines.count == 2)
  }

  @Test func whatIsNoLogHasNoLines() throws {
    let scratch = try Scratch()
    #expect(LogReading(path: scratch["none"]).lines.isEmpty)
    #expect(LogReading(path: scratch["none"]).problem?.isMissing == true)
    #expect(LogReading(path: scratch.path).problem?.message == "is a directory; need a file")
  }

  private func reading(_ text: String) throws -> LogReading {
    let scratch = try Scratch()
    try Files.writeAtomically(Array(text.utf8), to: scratch["m"])
    return LogReading(path: scratch["m"])
  }
}
