import Formats
import Foundation
import Testing

@Suite struct ScoreCommandTests {
  @Test func noTokenizerIsNeededAndBadLinesAreNamed() async throws {
    let folder = try await Workspace.warmStarted()
    try FileManager.default.removeItem(atPath: folder["\(Workspace.model)/tokenizer.model"])
    try folder.write("ids.jsonl", "{\"input_ids\": [1, 5, 9]}\n{\"input_ids\": [7]}\n")
    let outcome = try await GrpoProgram.run(
      "score", "--model", Workspace.model, "--input", "ids.jsonl", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let scores = try outcome.objects()
    #expect(scores.map { $0["entropies"]?.array?.count } == [3, 1])
    #expect(scores[1]["token_logprobs"] == [.null])
    let many = (0..<40).map { _ in "1" }.joined(separator: ",")
    try folder.write(
      "bad.jsonl",
      """
      {"input_ids": [1, 5]}
      {"input_ids": [1, 1000000]}
      {"input_ids": [1.5]}
      {"input_ids": []}
      {"input_ids": [\(many)]}

      """)
    let bad = try await GrpoProgram.run(
      "score", "--model", Workspace.model, "--input", "bad.jsonl", in: folder)
    #expect(bad.status == 65)
    #expect(bad.output.isEmpty)
    #expect(bad.problems.count == 4)
    #expect(
      bad.problems.first?.hasPrefix("error: bad.jsonl:2: input_ids[1]: got 1000000; ") == true)
    #expect(
      bad.problems.last == "error: bad.jsonl:5: input_ids: got 40 ids; need 1 to 32, "
        + "the model's context")
  }
}
