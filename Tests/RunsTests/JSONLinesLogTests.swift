import Formats
import Foundation
import Runs
import Testing

@Suite struct JSONLinesLogTests {
  @Test func everyLineIsInTheFileAtOnce() throws {
    let scratch = try Scratch()
    let log = try JSONLinesLog(path: scratch["m"])
    try log.append(["step": 1, "text": "a\nb"])
    #expect(try text(scratch["m"]) == "{\"step\":1,\"text\":\"a\\nb\"}\n")
    try log.append(["step": 2])
    #expect(try text(scratch["m"]).hasSuffix("{\"step\":2}\n"))
    #expect(try log.offset == text(scratch["m"]).utf8.count)
    try log.append(contentsOf: [["step": 3], ["step": 4]])
    try log.append(contentsOf: [])
    #expect(try text(scratch["m"]).hasSuffix("{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n"))
    #expect(try log.offset == text(scratch["m"]).utf8.count)
  }

  @Test func whatIsNoFileIsNamedAndADeviceIsNotCut() throws {
    let scratch = try Scratch()
    unsafe mkfifo(scratch["pipe"], 0o600)
    let error = #expect(throws: FormatError.self) { try JSONLinesLog(path: scratch["pipe"]) }
    #expect(
      error?.description
        == "\(scratch["pipe"]): is not a regular file; need a file, or nothing there")
    #expect(error?.kind == .cannotCreate)
    let log = try JSONLinesLog(path: "/dev/null")
    try log.truncate(toOffset: 0)
    try log.append(["a": 1])
  }

  @Test func reopeningGoesOnAtTheEnd() throws {
    let scratch = try Scratch()
    try JSONLinesLog(path: scratch["m"]).append(["a": 1])
    try JSONLinesLog(path: scratch["m"]).append(["a": 2])
    #expect(try text(scratch["m"]) == "{\"a\":1}\n{\"a\":2}\n")
  }

  @Test func truncatingToAnOffsetLeavesWholeLines() throws {
    let scratch = try Scratch()
    let log = try JSONLinesLog(path: scratch["m"])
    try log.append(["a": 1])
    let offset = log.offset
    try log.append(["a": 2])
    for bad in [-1, 1, offset + 1, log.offset + 1] {
      #expect(throws: FormatError.self) { try log.truncate(toOffset: bad) }
    }
    try log.truncate(toOffset: offset)
    try log.append(["a": 3])
    #expect(try text(scratch["m"]) == "{\"a\":1}\n{\"a\":3}\n")
    try log.truncate(toOffset: 0)
    #expect(try text(scratch["m"]) == "")
  }

  @Test func aLogThatIsWholeEndsWhereItWasRecorded() throws {
    let scratch = try Scratch()
    let log = try JSONLinesLog(path: scratch["m"])
    #expect(try log.end(ofStep: 0, recordedAt: 0) == (0, nil))
    for step in 1...3 { try log.append(["step": .integer(step)]) }
    let line = log.offset / 3
    #expect(try log.end(ofStep: 2, recordedAt: 2 * line) == (2 * line, nil))
    #expect(try log.end(ofStep: 3, recordedAt: 3 * line) == (3 * line, nil))
    #expect(log.offset == 3 * line)
  }

  /// Each with its offset on record, where it is cut behind step 3, and what is said.
  @Test(arguments: [
    ("", 42, 0, "has no line of step 3 or earlier"),
    ("{\"step\":1}\n{\"step\":2}\n", 33, 22, "is missing the lines from step 3 to step 3"),
    ("{\"step\":1}\n{\"st", 33, 11, "is missing the lines from step 2 to step 3"),
    ("{\"step\":1 }\n{\"step\":3}\n{\"step\":4}\n", 22, 23, "was changed since step 3"),
    (
      "{\"step\":1}\n{\"step\":2}\n{\"step\":4}\n", 33, 22,
      "is missing the lines from step 3 to step 3"
    ),
    ("{\"step\":1}\n", Int.max, 11, "is missing the lines from step 2 to step 3"),
    ("garbage\n{\"step\":3}\n\u{0}\u{0}\n", -1, 19, "was changed since step 3"),
    ("{\"step\":9223372036854775807}\n", 30, 0, "has no line of step 3 or earlier"),
  ])
  func aDamagedLogIsCutBehindTheStepsThatAreDone(
    content: String, recorded: Int, end: Int, message: String
  ) throws {
    let scratch = try Scratch()
    try Files.writeAtomically(Array(content.utf8), to: scratch["m"])
    let log = try JSONLinesLog(path: scratch["m"])
    let found = try log.end(ofStep: 3, recordedAt: recorded)
    #expect(found.offset == end)
    #expect(found.problem?.description == "\(scratch["m"]): \(message)")
    #expect(try text(scratch["m"]) == content)
    try log.truncate(toOffset: end)
    try log.append(["step": 4])
    #expect(
      try text(scratch["m"]) == String(decoding: content.utf8.prefix(end), as: UTF8.self)
        + "{\"step\":4}\n")
  }

  /// Which line it is says the offset; that it is damaged, whoever reads the log.
  @Test func aDamagedLastLineStays() throws {
    let scratch = try Scratch()
    try Files.writeAtomically(Array("{\"step\":1}\n{\"st\u{0}p\":2}\n".utf8), to: scratch["m"])
    let log = try JSONLinesLog(path: scratch["m"])
    #expect(try log.end(ofStep: 2, recordedAt: 22) == (22, nil))
  }

  @Test func aTornLineIsNotContinued() throws {
    let scratch = try Scratch()
    try Files.writeAtomically(Array("{\"a\":1}\n{\"a\"".utf8), to: scratch["m"])
    let log = try JSONLinesLog(path: scratch["m"])
    #expect(throws: FormatError.self) { try log.append(["a": 2]) }
    try log.truncate(toOffset: 8)
    try log.append(["a": 2])
    #expect(try text(scratch["m"]) == "{\"a\":1}\n{\"a\":2}\n")
  }

  #if os(Linux)
    @Test func aFullDiskIsAnError() throws {
      let log = try JSONLinesLog(path: "/dev/full")
      let error = try #require(throws: FormatError.self) { try log.append(["a": 1]) }
      #expect(error.description == "/dev/full: cannot write: No space left on device")
      #expect(error.kind == .inputOutput)
      #expect(log.offset == 0)
    }
  #endif

  @Test func aPlaceThatCannotBeWrittenIsAnError() throws {
    let scratch = try Scratch()
    let error = try #require(throws: FormatError.self) {
      try JSONLinesLog(path: scratch["no/where"])
    }
    #expect(error.kind == .cannotCreate)
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try Files.read(path, maximumBytes: 1 << 20), as: UTF8.self)
  }
}
