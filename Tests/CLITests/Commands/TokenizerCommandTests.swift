import Formats
import Foundation
import Testing

@Suite struct TokenizerCommandTests {
  private static let training = [
    "tokenizer", "train", "--input", "text.txt", "--vocab-size", "300", "--output", "new.model",
  ]

  private func folder() throws -> Workspace {
    let folder = try Workspace()
    try folder.write("text.txt", "the cat sat\nthe hat\r\nthat cat\n")
    return folder
  }

  @Test func trainEncodeDecodeGoesRound() async throws {
    let folder = try folder()
    let trained = try await GrpoProgram.run(
      Self.training + ["--control-symbols", "<|user|>,<|end|>"], in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.output.hasPrefix("new.model: "))
    let text = "the cat, 42 — ü"
    let encoded = try await GrpoProgram.run(
      "tokenizer", "encode", "--model", "new.model", text, in: folder)
    let decoded = try await GrpoProgram.run(
      "tokenizer", "decode", "--model", "new.model", in: folder, input: encoded.output)
    #expect(decoded.output == text + "\n")
    let json = try await GrpoProgram.run(
      "tokenizer", "encode", "--model", "new.model", "--json", text, "<|user|>", in: folder)
    let lines = try JSONLines.lines(Array(json.output.utf8), file: "output").map(\.object)
    #expect(lines.count == 2)
    let ids = try #require(lines[0]["ids"]?.array).compactMap(\.int)
    #expect(ids.map(String.init).joined(separator: " ") + "\n" == encoded.output)
    #expect(lines[0]["pieces"]?.array?.count == ids.count)
    // A control symbol is never read out of text.
    #expect(try #require(lines[1]["ids"]?.array).count > 1)
  }

  @Test func theSameTextTrainsTheSameBytesAndNothingIsWrittenOver() async throws {
    let folder = try folder()
    _ = try await GrpoProgram.run(Self.training, in: folder)
    let first = try folder.bytes("new.model")
    let again = try await GrpoProgram.run(Self.training, in: folder)
    #expect(again.status == 73)
    #expect(again.problems == ["error: new.model: exists already"])
    try FileManager.default.removeItem(atPath: folder["new.model"])
    _ = try await GrpoProgram.run(Self.training, in: folder)
    #expect(try folder.bytes("new.model") == first)
  }

  @Test func aPlaceThatCannotBeIsRefused() async throws {
    let folder = try folder()
    try FileManager.default.createSymbolicLink(
      atPath: folder["link"], withDestinationPath: "nowhere")
    for output in ["none/new.model", "text.txt/new.model", "link"] {
      // What is wrong with the size is only found by training.
      let outcome = try await GrpoProgram.run(
        "tokenizer", "train", "--input", "text.txt", "--vocab-size", "10", "--output", output,
        in: folder)
      #expect(outcome.status == 73, "\(outcome.errors)")
      #expect(outcome.problems.first?.hasPrefix("error: \(output): ") == true)
    }
  }

  @Test func badIdsAndSizesAreNamed() async throws {
    let folder = try folder()
    let small = try await GrpoProgram.run(
      "tokenizer", "train", "--input", "text.txt", "--vocab-size", "10", "--output", "new.model",
      in: folder)
    #expect(small.status == 65)
    #expect(small.problems.first?.contains("too small (got 10; ") == true)
    #expect(!folder.exists("new.model"))
    _ = try await GrpoProgram.run(Self.training, in: folder)
    let decoded = try await GrpoProgram.run(
      "tokenizer", "decode", "--model", "new.model", in: folder, input: "1 2\n70000\n")
    #expect(decoded.status == 65)
    #expect(
      decoded.problems.first?.hasPrefix("error: standard input:2: token_ids[0]: no such token")
        == true)
    let word = try await GrpoProgram.run(
      "tokenizer", "decode", "--model", "new.model", "x", in: folder)
    #expect(word.problems == ["error: got x; need whole numbers"])
  }
}
