import Formats
import Foundation
import Rewards
import Testing

@Suite struct EvaluateCommandTests {
  @Test func theReportForProgramsHasTheDocumentedShape() async throws {
    let folder = try await Workspace.warmStarted()
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml", "--samples", "4", "--k",
      "1,4",
      "--baseline", Workspace.model, "--json", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(try outcome.objects().first)
    #expect(report["n"]?.int == 36)
    #expect(report["greedy"]?["accuracy"]?.double != nil)
    #expect(report["greedy"]?["stderr"]?.double != nil)
    let sampled = try #require(report["sampled"])
    #expect(sampled["samples"]?.int == 4)
    #expect(sampled["temperature"]?.double == 1)
    for key in ["accuracy", "stderr", "pass@1", "pass@4", "maj@4"] {
      #expect(sampled[key]?.double != nil, "\(key)")
    }
    #expect(sampled["accuracy"] == sampled["pass@1"])
    // The baseline is the model itself, with the same random numbers.
    let baseline = try #require(report["baseline"])
    #expect(baseline["sampled"] == sampled)
    #expect(baseline["difference"]?.double == 0)
    #expect(baseline["interval"]?.array?.compactMap(\.double) == [0, 0])
    #expect(baseline["wins"]?.int == 0 && baseline["losses"]?.int == 0)
  }

  @Test func noRecipeIsNeededAndFewQuestionsAreAWarning() async throws {
    let folder = try await Workspace.warmStarted()
    let arguments = [
      "evaluate", "--model", Workspace.model, "--data", "test.jsonl", "--prompt", "prompt.txt",
      "--reward", "exact_match", "--samples", "0", "--max-completion-length", "6",
    ]
    let table = try await GrpoProgram.run(arguments, in: folder)
    #expect(table.status == 0 && table.errors.isEmpty)
    #expect(table.outputLines.count == 3)
    #expect(table.outputLines[0] == "\(Workspace.model): exact_match on test.jsonl")
    #expect(table.outputLines[1].hasPrefix("36 questions, %"))
    #expect(table.outputLines[2].contains(#/^greedy +\d+\.\d ± \d+\.\d$/#))
    let few = try await GrpoProgram.run(arguments + ["--limit", "5"], in: folder)
    #expect(few.status == 0)
    #expect(few.errors.hasPrefix("warning: 5 questions "))
  }

  @Test func theOutputHasEveryCompletionAndWhatWasMadeOfIt() async throws {
    let folder = try await Workspace.warmStarted()
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml", "--samples", "2", "--json",
      "--reward", "{ name: numeric_match, extract: last_number }", "--output", "answers.jsonl",
      "--baseline", Workspace.model, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(try outcome.objects().first)
    #expect(report["reward"]?.string == "numeric_match")
    #expect(report["sampled"]?["maj_votes"]?.string == "answers")
    let rows = try JSONLines.lines(folder.bytes("answers.jsonl"), file: "answers.jsonl")
      .map(\.object)
    let asked = try JSONLines.lines(folder.bytes("test.jsonl"), file: "test.jsonl").map(\.object)
    #expect(rows.map { $0["sample"]?.int } == asked.map { _ in 0 } + asked.flatMap { _ in [1, 2] })
    for row in rows {
      #expect(
        row.keys == [
          "line", "question", "answer", "sample", "completion", "extracted_answer", "reward",
          "correct",
        ])
      let question = asked[try #require(row["line"]?.int) - 1]
      #expect(row["question"] == question["question"] && row["answer"] == question["answer"])
      let completion = try #require(row["completion"]?.string)
      let number = WrittenNumber.last(in: completion)
      #expect(row["extracted_answer"]?.string == number?.text)
      let answer = try #require(row["answer"]?.string.flatMap { WrittenNumber($0) })
      let isRight = number?.equals(answer) ?? false
      #expect(row["correct"]?.bool == isRight)
      #expect(row["reward"]?.double == (isRight ? 1 : 0))
    }
    let right = rows.prefix(36).count { $0["correct"] == true }
    #expect(report["greedy"]?["accuracy"]?.double == Double(right) / 36)
  }

  @Test func theQuestionsAreNotWrittenOver() async throws {
    let folder = try await Workspace.warmStarted()
    let before = try folder.bytes("test.jsonl")
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml", "--output", "./test.jsonl",
      in: folder)
    #expect(outcome.status == 73)
    #expect(outcome.problems == ["error: ./test.jsonl: is the file of the questions"])
    #expect(try folder.bytes("test.jsonl") == before)
  }

  @Test func onlyAnEarlierOutputIsWrittenOverAndAtTheEnd() async throws {
    let folder = try await Workspace.warmStarted()
    func evaluate(_ output: String, _ more: String...) async throws -> GrpoProgram.Outcome {
      try await GrpoProgram.run(
        ["evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml", "--samples", "0"]
          + ["--output", output] + more, in: folder)
    }
    for file in [
      "recipe.yaml", "prompt.txt", "train.jsonl", "\(Workspace.model)/model.safetensors",
    ] {
      let before = try folder.bytes(file)
      let outcome = try await evaluate(file)
      #expect(outcome.status == 73)
      #expect(
        outcome.problems == ["error: \(file): exists, and is no earlier output of evaluate"])
      #expect(try folder.bytes(file) == before)
    }
    #expect(try await evaluate("answers.jsonl").status == 0)
    let first = try folder.bytes("answers.jsonl")
    // A reward that does not start leaves what is there.
    let broken = try await evaluate("answers.jsonl", "--reward", "{ command: [./none] }")
    #expect(broken.status != 0)
    #expect(try folder.bytes("answers.jsonl") == first)
    try FileManager.default.linkItem(atPath: folder["answers.jsonl"], toPath: folder["again.jsonl"])
    let linked = try await evaluate("again.jsonl", "--data", "answers.jsonl")
    #expect(linked.problems == ["error: again.jsonl: is the file of the questions"])
    let fewer = try await evaluate("answers.jsonl", "--limit", "3")
    #expect(fewer.status == 0)
    #expect(try folder.text("answers.jsonl").split(separator: "\n").count == 3)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy {
        !$0.contains(".tmp-")
      })
    for name in ["-", "/dev/stdout"] {
      let shown = try await evaluate(name, "--limit", "3")
      #expect(shown.output == (try folder.text("answers.jsonl")))
      #expect(shown.errors.contains("3 questions, %"))
    }
  }

  @Test func questionsComeFromStandardInputToo() async throws {
    let folder = try await Workspace.warmStarted()
    for (name, text) in [
      ("-", try folder.text("test.jsonl")), ("/dev/stdin", "question,answer\n1+1,2\n"),
      ("-", "question\tanswer\n1+1\t2\n"),
    ] {
      let outcome = try await GrpoProgram.run(
        "evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml", "--samples", "0",
        "--data",
        name, in: folder, input: text)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains(" on standard input\n"))
    }
    let sampled = try await GrpoProgram.run(
      "sample", "--model", Workspace.model, "--input", "-", "--json", in: folder,
      input: "question,answer\n1+1=,2\n")
    #expect(try sampled.objects().map { $0["prompt"]?.string } == ["1+1="])
  }

  @Test func stopTextsEndTheCompletionsThatAreJudged() async throws {
    let folder = try await Workspace.warmStarted()
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml", "--samples", "2",
      "--stop", "1", "--stop", "2", "--output", "answers.jsonl", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let completions = try JSONLines.lines(folder.bytes("answers.jsonl"), file: "answers.jsonl")
      .map { $0.object["completion"]?.string ?? "1" }
    #expect(!completions.isEmpty)
    #expect(completions.allSatisfy { !$0.contains("1") && !$0.contains("2") })
    // The recipe's reward is a regular expression, which compares no answer.
    #expect(outcome.outputLines.last?.hasPrefix("maj@2 of whole texts ") == true)
  }

  @Test func fewSamplesLeaveTheLargestKTheyAllowAndSaySo() async throws {
    let folder = try await Workspace.warmStarted()
    let arguments = [
      "evaluate", "--model", Workspace.model, "--data", "test.jsonl", "--prompt", "prompt.txt",
      "--reward", "exact_match", "--max-completion-length", "6", "--json",
    ]
    let three = try await GrpoProgram.run(arguments + ["--samples", "3"], in: folder)
    #expect(three.status == 0)
    #expect(
      three.errors.contains(
        "\"3 samples are too few for k 4,8 (need --samples 8); k is 1,3"))
    let sampled = try #require(try three.objects().first?["sampled"]?.object)
    #expect(sampled.keys.filter { $0.contains("@") } == ["pass@1", "pass@3", "maj@3"])
    let one = try await GrpoProgram.run(arguments + ["--samples", "1"], in: folder)
    #expect(try one.objects().first?["sampled"]?["pass@1"]?.double != nil)
    #expect(one.errors.contains("\"1 sample is too few for k 4,8 "))
    let enough = try await GrpoProgram.run(arguments + ["--samples", "8"], in: folder)
    let none = try await GrpoProgram.run(arguments + ["--samples", "0"], in: folder)
    #expect(enough.errors.isEmpty && none.errors.isEmpty)
  }

  @Test(arguments: [
    (
      ["--samples", "3", "--k", "1,4"],
      "--k: got 4 with 3 samples (need at most 3, or --samples 4)"
    ),
    (["--k", "9"], "--k: got 9 with 8 samples (need at most 8, or --samples 9)"),
    (["--k", "0"], "--k: got 0; need 1 or more"), (["--k", "4,4"], "--k: says 4 twice"),
    (
      ["--samples", "0", "--k", "1"],
      "--k: has no effect with --samples 0 (need --samples 1 or more)"
    ),
    (
      ["--samples", "0", "--temperature", "2"],
      "--temperature: has no effect with --samples 0 (need --samples 1 or more)"
    ),
    (
      ["--samples", "0", "--seed", "1"],
      "--seed: has no effect with --samples 0 (need --samples 1 or more)"
    ),
    (["--temperature", "1e-300"], "--temperature: got 1e-300; need 0.001 to 100"),
    (["--temperature", "100.5"], "--temperature: got 100.5; need 0.001 to 100"),
    (
      ["--temperature", "0"],
      "--temperature: got 0; need 0.001 to 100 (greedy answers are asked for in any "
        + "case, and --samples 0 asks for no others)"
    ),
    (["--stop", ""], "--stop: got an empty text; need one"),
    (
      ["--reward", "exact_mach"],
      "--reward: unknown reward 'exact_mach'; did you mean exact_match? (need a plug-in, or one of "
        + BuiltInReward.names.joined(separator: ", ") + ")"
    ),
    (
      ["--reward", "{ name: numeric_match, extract: last }"],
      "--reward: extract: option of numeric_match: got \"last\"; need one of whole, answer_tag, "
        + "last_number"
    ),
    (["--reward", "{ weight: 2 }"], "--reward: name: is missing (need a text)"),
  ])
  func anOptionThatDoesNotFitIsRefusedWithTheOneThatMendsIt(
    arguments: [String], problem: String
  ) async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      ["evaluate", "--model", "none", "--data", "test.jsonl", "--reward", "exact_match"]
        + arguments, in: folder)
    #expect(outcome.status == 64)
    #expect(outcome.problems == ["error: " + problem])
  }

  @Test func aWeightAndALimitThatChangeNothingAreNamed() async throws {
    let folder = try await Workspace.warmStarted()
    let arguments = ["evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml"]
    let weighed = try await GrpoProgram.run(
      arguments + ["--reward", "{ name: exact_match, weight: -1 }"], in: folder)
    #expect(weighed.status == 64)
    #expect(
      weighed.problems == [
        "error: --reward: weight: has no effect where one reward judges: what is told is its own score"
      ])
    let limited = try await GrpoProgram.run(arguments + ["--limit", "5000"], in: folder)
    #expect(limited.status == 0, "\(limited.errors)")
    #expect(limited.errors.contains("warning: --limit: got 5000; "), "\(limited.errors)")
    #expect(limited.errors.contains(" questions, all of which are taken"))
  }

  @Test func programsAreRewardsToo() async throws {
    let folder = try await Workspace.warmStarted()
    try folder.write(
      "score.py",
      "def right(completions, answer, **_):\n"
        + "  return [float(c.strip() == a) for c, a in zip(completions, answer)]\n")
    let arguments = ["evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml", "--json"]
    let built = try await GrpoProgram.run(arguments + ["--reward", "exact_match"], in: folder)
    let own = try await GrpoProgram.run(
      arguments + ["--reward", "{ python: \"score.py:right\" }"], in: folder)
    #expect(own.status == 0, "\(own.errors)")
    let (one, other) = (
      try #require(try built.objects().first), try #require(try own.objects().first)
    )
    #expect(other["reward"]?.string == "right")
    #expect(one["greedy"] == other["greedy"])
    #expect(one["sampled"]?["pass@2"] == other["sampled"]?["pass@2"])
    #expect(other["sampled"]?["maj_votes"]?.string == "whole_texts")
  }

  @Test func failUnderIsAGateOnGreedyAccuracy() async throws {
    let folder = try await Workspace.warmStarted()
    let arguments = ["evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml"]
    let passed = try await GrpoProgram.run(arguments + ["--fail-under", "0"], in: folder)
    #expect(passed.status == 0)
    // A regular expression that nothing matches.
    try folder.edit("pattern: \"1\"", "pattern: \"never\"")
    let failed = try await GrpoProgram.run(arguments + ["--fail-under", "0.25"], in: folder)
    #expect(failed.status == 1)
    #expect(failed.problems == ["error: greedy accuracy is too low (got 0; need 0.25)"])
    let json = try await GrpoProgram.run(
      arguments + ["--fail-under", "0.25", "--json"], in: folder)
    #expect(json.status == 1)
    #expect(try json.objects().first?["greedy"]?["accuracy"]?.double == 0)
  }
}
