import Foundation
import Testing

@Suite struct StandardStreamsTests {
  @Test func aReaderThatLeftEndsTheProgramQuietly() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let outcome = try await GrpoProgram.run(
      "sample", "--model", "run/warm-start/model", "1+1=", in: folder,
      output: pipe.fileHandleForWriting)
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
  }

  @Test(arguments: [["--help"], ["tokenizer", "encode", "--model", "run/tokenizer.model", "1"]])
  func resultsThatCannotBeWrittenAreAnError(arguments: [String]) async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let outcome = try await GrpoProgram.run(arguments, in: folder, output: full)
    #expect(outcome.status == 74)
    #expect(
      outcome.problems == ["error: standard output: cannot write: No space left on device"])
  }

  @Test func whatATextDoesToATerminalIsSpelledOut() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let model = "run/tokenizer.model"
    let text = "a\u{1B}[31m\u{9B}2J\u{7}"
    let ids = try await GrpoProgram.run(
      "tokenizer", "encode", "--model", model, text, in: folder)
    let decoded = try await GrpoProgram.run(
      ["tokenizer", "decode", "--model", model]
        + ids.output.split(whereSeparator: \.isWhitespace).map(String.init), in: folder)
    #expect(decoded.output == "a\\u{1b}[31m\\u{9b}2J\\u{7}\n")
  }
}
