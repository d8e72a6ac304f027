import Testing

@Suite struct HelpTests {
  private static let recipeOptions = [
    "<recipe>", "--seed", "--steps", "--output", "--set <key=value>", "--threads", "--quiet",
    "--json",
  ]
  private static let modelOptions = ["--model", "--json", "--threads"]

  @Test(arguments: [
    (
      [],
      [
        "run", "sft", "train", "compare", "evaluate", "sample", "score", "tokenizer",
        "Exit codes: 0 ",
      ]
    ),
    (["run"], recipeOptions),
    (
      ["compare"],
      [
        "<recipes>", "--vary <key=a,b>", "--variants", "--seeds", "--set <key=value>",
        "--metric", "--output", "--jobs", "--quiet", "--json",
      ]
    ),
    (["sft"], recipeOptions),
    (["train"], recipeOptions + ["--resume"]),
    (
      ["evaluate"],
      modelOptions + [
        "--recipe", "--data", "--prompt", "--reward", "--question-field", "--answer-field",
        "--baseline", "--samples", "--k", "--temperature", "--max-completion-length", "--limit",
        "--seed", "--fail-under",
      ]
    ),
    (
      ["sample"],
      modelOptions + [
        "<prompt>", "--recipe", "--prompt", "--question", "--samples", "--temperature", "--top-k",
        "--top-p", "--min-p",
        "--max-completion-length", "--stop", "--seed", "--input",
      ]
    ),
    (["score"], ["--model", "--input", "--threads"]),
    (["tokenizer"], ["train", "encode", "decode"]),
    (
      ["tokenizer", "train"],
      ["--input", "--field", "--vocab-size", "--output", "--control-symbols"]
    ),
  ])
  func everyOptionIsExplained(command: [String], words: [String]) async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(command + ["--help"], in: folder)
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
    #expect(outcome.output.contains("USAGE: grpo \(command.joined(separator: " "))"))
    for word in words { #expect(outcome.output.contains(word), "\(word)") }
  }
}
