import Foundation
import Testing

/// Rows come as people have them, to every command that reads some.
@Suite struct DataFormatTests {
  private static let short = ["--set", "warm_start.steps=2", "--set", "train.steps=1", "-q"]

  @Test func aRunReadsCSVAndTSVAndEvaluatesOnAJSONArray() async throws {
    let folder = try Workspace()
    let questions = (0..<40).map { ("\($0 / 10)+\($0 % 10)", "\($0 / 10 + $0 % 10)") }
    try folder.write(
      "train.csv",
      "\u{FEFF}prompt,answer\r\n" + questions.map { "\"\($0)\",\($1)\r\n" }.joined())
    try folder.write("test.tsv", "prompt\tanswer\n" + questions.map { "\($0)\t\($1)\n" }.joined())
    try folder.write("prompt.txt", "\u{FEFF}{question}=\r\n")
    let run = try await GrpoProgram.run(
      ["run", "recipe.yaml", "--set", "data.train=train.csv", "--set", "data.test=test.tsv"]
        + Self.short, in: folder)
    #expect(run.status == 0, "\(run.errors)")
    let prompts = try folder.text("run/completions.jsonl").split(separator: "\n")
    #expect(!prompts.isEmpty && prompts.allSatisfy { $0.contains("+") && $0.contains("=\"") })
    #expect(try !folder.text("run/completions.jsonl").contains("\u{FEFF}"))

    let array = questions.map { "{\"q\": \"\($0)\", \"a\": \($1)}" }.joined(separator: ",\n")
    try folder.write("test.json", "[\(array)]")
    let words = ["evaluate", "--model", "run/model", "--data", "test.json", "--samples", "0"]
    let evaluated = try await GrpoProgram.run(
      words + ["--reward", "exact_match", "--question-field", "q", "--answer-field", "a"],
      in: folder)
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    let wrong = try await GrpoProgram.run(words + ["--reward", "exact_match"], in: folder)
    #expect(wrong.status == 65)
    #expect(
      wrong.problems == [
        "error: test.json: question: no such column (got the columns \"q\", \"a\"; prompt uses it); "
          + "name the right one with --question-field"
      ])
  }

  @Test func countdownNeedsNoAnswer() async throws {
    let folder = try Workspace()
    try folder.write(
      "rows.jsonl",
      String(
        repeating: "{\"question\": \"2 3 to 5\", \"numbers\": [2, 3], \"target\": 5}\n", count: 30))
    try folder.edit("- { name: regex, pattern: \"1\" }", "- countdown")
    try folder.edit("- { name: exact_match, weight: 0.5 }", "- { name: length_band, max: 9 }")
    let changes = ["data.train=rows.jsonl", "data.test=rows.jsonl", "warm_start=null"]
      .flatMap { ["--set", $0] }
    let run = try await GrpoProgram.run(
      ["run", "recipe.yaml"] + changes + ["--set", "train.steps=1", "-q"], in: folder)
    #expect(run.status == 0, "\(run.errors)")
    let needed = try await GrpoProgram.run(
      ["run", "recipe.yaml", "--output", "other", "--set", "rewards.1.name=exact_match", "--set"]
        + ["rewards.1={ name: exact_match }"] + changes, in: folder)
    #expect(needed.status == 65)
    #expect(needed.problems.count == 1)
    #expect(needed.problems.first?.contains("answer: no such column") == true)
    #expect(needed.problems.first?.contains("exact_match uses it") == true)
    #expect(needed.problems.first?.contains("data.answer") == true)
  }

  @Test func aTokenizerAndARewardAreTriedOnTables() async throws {
    let folder = try Workspace()
    try folder.write("rows.csv", "\u{FEFF}question,level\n\"a, b\",1\n\"c \"\"d\"\"\",2\n")
    let trained = try await GrpoProgram.run(
      "tokenizer", "train", "--input", "rows.csv", "--field", "question", "--field", "level",
      "--vocab-size", "280", "--output", "new.model", in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let wrong = try await GrpoProgram.run(
      "tokenizer", "train", "--input", "rows.csv", "--field", "qestion", "--vocab-size", "280",
      "--output", "other.model", in: folder)
    #expect(
      wrong.problems == [
        "error: rows.csv: qestion: no such column (got the columns \"question\", \"level\"; did you "
          + "mean \"question\"?); name the right one with --field"
      ])
    try folder.write(
      "reward.py", "def f(completions, level, **kwargs): return [len(l) for l in level]")
    let tried = try await GrpoProgram.run(
      "reward", "test", "--python", "reward.py:f", "--data", "rows.csv", in: folder)
    #expect(tried.status == 0, "\(tried.errors)")
  }
}
