import Formats
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

  @Test func truncatingToLinesCountsThem() throws {
    let scratch = try Scratch()
    let log = try JSONLinesLog(path: scratch["m"])
    for step in 1...3 { try log.append(["a": .integer(step)]) }
    #expect(throws: FormatError.self) { try log.truncate(toLines: 4) }
    try log.truncate(toLines: 2)
    #expect(try text(scratch["m"]) == "{\"a\":1}\n{\"a\":2}\n")
    try log.truncate(toLines: 0)
    #expect(log.offset == 0)
  }

  @Test func aTornLineIsNotContinued() throws {
    let scratch = try Scratch()
    try Files.writeAtomically(Array("{\"a\":1}\n{\"a\"".utf8), to: scratch["m"])
    let log = try JSONLinesLog(path: scratch["m"])
    #expect(throws: FormatError.self) { try log.append(["a": 2]) }
    try log.truncate(toLines: 1)
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
