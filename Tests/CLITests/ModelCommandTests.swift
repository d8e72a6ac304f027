import Formats
import Foundation
import Rewards
import Testing

/// `evaluate`, `sample` and `score` on one warm-started model.
@Suite struct ModelCommandTests {
  private static let model = "run/warm-start/model"

  private func trainedFolder() async throws -> Workspace {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return folder
  }

  private func lines(_ outcome: GrpoProgram.Outcome) throws -> [JSONObject] {
    try JSONLines.lines(Array(outcome.output.utf8), file: "output").map(\.object)
  }

  @Test func evaluateForProgramsHasTheDocumentedShape() async throws {
    let folder = try await trainedFolder()
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", Self.model, "--recipe", "recipe.yaml", "--samples", "4", "--k", "1,4",
      "--baseline", Self.model, "--json", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(try lines(outcome).first)
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

  @Test func evaluateNeedsNoRecipeAndWarnsOfFewQuestions() async throws {
    let folder = try await trainedFolder()
    let arguments = [
      "evaluate", "--model", Self.model, "--data", "test.jsonl", "--prompt", "prompt.txt",
      "--reward", "exact_match", "--samples", "0", "--max-completion-length", "6",
    ]
    let table = try await GrpoProgram.run(arguments, in: folder)
    #expect(table.status == 0 && table.errors.isEmpty)
    #expect(table.outputLines.count == 3)
    #expect(table.outputLines[0] == "\(Self.model): exact_match on test.jsonl")
    #expect(table.outputLines[1].hasPrefix("36 questions, %"))
    #expect(table.outputLines[2].contains(#/^greedy +\d+\.\d ± \d+\.\d$/#))
    let few = try await GrpoProgram.run(arguments + ["--limit", "5"], in: folder)
    #expect(few.status == 0)
    #expect(few.errors.hasPrefix("warning: 5 questions "))
  }

  @Test func evaluateWritesEveryCompletionAndWhatWasMadeOfIt() async throws {
    let folder = try await trainedFolder()
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", Self.model, "--recipe", "recipe.yaml", "--samples", "2", "--json",
      "--reward", "{ name: numeric_match, extract: last_number }", "--output", "answers.jsonl",
      "--baseline", Self.model, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try #require(try lines(outcome).first)
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

  @Test func evaluateDoesNotWriteOverTheQuestions() async throws {
    let folder = try await trainedFolder()
    let before = try folder.bytes("test.jsonl")
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", Self.model, "--recipe", "recipe.yaml", "--output", "./test.jsonl",
      in: folder)
    #expect(outcome.status == 73)
    #expect(outcome.problems == ["error: ./test.jsonl: is the file of the questions"])
    #expect(try folder.bytes("test.jsonl") == before)
  }

  @Test func evaluateWritesOverItsOwnOutputOnlyAndAtTheEnd() async throws {
    let folder = try await trainedFolder()
    func evaluate(_ output: String, _ more: String...) async throws -> GrpoProgram.Outcome {
      try await GrpoProgram.run(
        ["evaluate", "--model", Self.model, "--recipe", "recipe.yaml", "--samples", "0"]
          + ["--output", output] + more, in: folder)
    }
    for file in ["recipe.yaml", "prompt.txt", "train.jsonl", "\(Self.model)/model.safetensors"] {
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
    let folder = try await trainedFolder()
    for (name, text) in [
      ("-", try folder.text("test.jsonl")), ("/dev/stdin", "question,answer\n1+1,2\n"),
      ("-", "question\tanswer\n1+1\t2\n"),
    ] {
      let outcome = try await GrpoProgram.run(
        "evaluate", "--model", Self.model, "--recipe", "recipe.yaml", "--samples", "0", "--data",
        name, in: folder, input: text)
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains(" on standard input\n"))
    }
    let sampled = try await GrpoProgram.run(
      "sample", "--model", Self.model, "--input", "-", "--json", in: folder,
      input: "question,answer\n1+1=,2\n")
    #expect(try lines(sampled).map { $0["prompt"]?.string } == ["1+1="])
  }

  @Test func valuesMayBeginWithAMinusSign() async throws {
    let folder = try await trainedFolder()
    let sample = ["sample", "--model", Self.model, "--recipe", "recipe.yaml", "--json"]
    let asked = try await GrpoProgram.run(sample + ["--question", "-5+3"], in: folder)
    #expect(try lines(asked).map { $0["prompt"]?.string } == ["-5+3="])
    for (option, need) in [
      ("--seed", "0 to 9223372036854775807"), ("--temperature", "0, or 0.001 to 100"),
      ("--max-completion-length", "1 to 1000000"),
    ] {
      let wrong = try await GrpoProgram.run(sample + [option, "-1"], in: folder)
      #expect(wrong.problems == ["error: \(option): got -1; need \(need)"])
    }
  }

  @Test func whatASampleLacksIsToldByWhatGivesIt() async throws {
    let folder = try await trainedFolder()
    try folder.write("two.txt", "{question} {level}")
    let alone = try await GrpoProgram.run(
      "sample", "--model", Self.model, "--prompt", "two.txt", "--question", "a", in: folder)
    #expect(alone.problems.first?.contains("as --input takes them") == true)
    try folder.write("rows.jsonl", "{\"q\": 1}\n")
    let unnamed = try await GrpoProgram.run(
      "sample", "--model", Self.model, "--prompt", "prompt.txt", "--input", "rows.jsonl", in: folder
    )
    #expect(
      unnamed.problems == [
        "error: rows.jsonl: question: no such column (got the columns \"q\"; prompt.txt uses it)"
      ])
  }

  @Test func stopTextsEndTheCompletionsThatAreJudged() async throws {
    let folder = try await trainedFolder()
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", Self.model, "--recipe", "recipe.yaml", "--samples", "2",
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
    let folder = try await trainedFolder()
    let arguments = [
      "evaluate", "--model", Self.model, "--data", "test.jsonl", "--prompt", "prompt.txt",
      "--reward", "exact_match", "--max-completion-length", "6", "--json",
    ]
    let three = try await GrpoProgram.run(arguments + ["--samples", "3"], in: folder)
    #expect(three.status == 0)
    #expect(
      three.errors.hasPrefix(
        "warning: 3 samples are too few for k 4,8 (need --samples 8); k is 1,3"))
    let sampled = try #require(try lines(three).first?["sampled"]?.object)
    #expect(sampled.keys.filter { $0.contains("@") } == ["pass@1", "pass@3", "maj@3"])
    let one = try await GrpoProgram.run(arguments + ["--samples", "1"], in: folder)
    #expect(try lines(one).first?["sampled"]?["pass@1"]?.double != nil)
    #expect(one.errors.hasPrefix("warning: 1 sample is too few for k 4,8 "))
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

  @Test(arguments: [
    (["--temperature", "1e-300"], "--temperature: got 1e-300; need 0, or 0.001 to 100"),
    (["--temperature", "1e-40"], "--temperature: got 1e-40; need 0, or 0.001 to 100"),
    (["--temperature", "101"], "--temperature: got 101; need 0, or 0.001 to 100"),
    (
      ["--temperature", "0", "--top-k", "4"],
      "--top-k: has no effect with --temperature 0, which draws nothing"
    ),
    (
      ["--temperature", "0", "--top-p", "0.5"],
      "--top-p: has no effect with --temperature 0, which draws nothing"
    ),
    (
      ["--temperature", "0", "--seed", "5"],
      "--seed: has no effect with --temperature 0, which draws nothing"
    ),
  ])
  func sampleRefuses(_ arguments: [String], _ problem: String) async throws {
    let outcome = try await GrpoProgram.run(
      ["sample", "--model", "none", "1+1="] + arguments, in: Workspace())
    #expect(outcome.status == 64)
    #expect(outcome.problems == ["error: " + problem])
  }

  @Test func aWeightAndALimitThatChangeNothingAreNamed() async throws {
    let folder = try await trainedFolder()
    let arguments = ["evaluate", "--model", Self.model, "--recipe", "recipe.yaml"]
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

  @Test func evaluateTakesPrograms() async throws {
    let folder = try await trainedFolder()
    try folder.write(
      "score.py",
      "def right(completions, answer, **_):\n"
        + "  return [float(c.strip() == a) for c, a in zip(completions, answer)]\n")
    let arguments = ["evaluate", "--model", Self.model, "--recipe", "recipe.yaml", "--json"]
    let built = try await GrpoProgram.run(arguments + ["--reward", "exact_match"], in: folder)
    let own = try await GrpoProgram.run(
      arguments + ["--reward", "{ python: \"score.py:right\" }"], in: folder)
    #expect(own.status == 0, "\(own.errors)")
    let (one, other) = (try #require(try lines(built).first), try #require(try lines(own).first))
    #expect(other["reward"]?.string == "right")
    #expect(one["greedy"] == other["greedy"])
    #expect(one["sampled"]?["pass@2"] == other["sampled"]?["pass@2"])
    #expect(other["sampled"]?["maj_votes"]?.string == "whole_texts")
  }

  @Test func topKOfZeroDrawsFromAll() async throws {
    let folder = try await trainedFolder()
    let arguments = ["sample", "--model", Self.model, "3+4=", "--samples", "4"]
    let all = try await GrpoProgram.run(arguments, in: folder)
    let zero = try await GrpoProgram.run(arguments + ["--top-k", "0"], in: folder)
    #expect(zero.status == 0, "\(zero.errors)")
    #expect(zero.output == all.output)
    let one = try await GrpoProgram.run(arguments + ["--top-k", "1"], in: folder)
    #expect(Set(one.outputLines).count == 1)
  }

  @Test func failUnderIsAGateOnGreedyAccuracy() async throws {
    let folder = try await trainedFolder()
    let arguments = ["evaluate", "--model", Self.model, "--recipe", "recipe.yaml", "--json"]
    let passed = try await GrpoProgram.run(arguments + ["--fail-under", "0"], in: folder)
    #expect(passed.status == 0)
    // A regular expression that nothing matches.
    try folder.edit("pattern: \"1\"", "pattern: \"never\"")
    let failed = try await GrpoProgram.run(arguments + ["--fail-under", "0.25"], in: folder)
    #expect(failed.status == 1)
    #expect(failed.problems == ["error: greedy accuracy is too low (got 0; need 0.25)"])
    #expect(try lines(failed).first?["greedy"]?["accuracy"]?.double == 0)
  }

  @Test func samplesHaveTheDocumentedShapeAndTheTrainersLogProbs() async throws {
    let folder = try await trainedFolder()
    let outcome = try await GrpoProgram.run(
      "sample", "--model", Self.model, "3+4=", "--samples", "5", "--max-completion-length", "6",
      "--json", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let samples = try lines(outcome)
    #expect(samples.count == 5)
    var sequences = ""
    for sample in samples {
      #expect(sample["prompt"]?.string == "3+4=")
      #expect(sample["completion"]?.string != nil)
      let ids = try #require(sample["token_ids"]?.array)
      #expect(sample["logprobs"]?.array?.count == ids.count)
      let ended = ids.last?.int == 2
      #expect(sample["finish_reason"]?.string == (ended ? "stop" : "length"))
      let prompt = try #require(sample["prompt_token_ids"]?.array)
      #expect(prompt.first?.int == 1)
      sequences += JSON.object(["input_ids": .array(prompt + ids)]).encoded() + "\n"
    }
    let scored = try await GrpoProgram.run(
      "score", "--model", Self.model, "--input", "-", in: folder, input: sequences)
    #expect(scored.status == 0, "\(scored.errors)")
    for (sample, score) in zip(samples, try lines(scored)) {
      let drawn = try #require(sample["logprobs"]?.array)
      let all = try #require(score["token_logprobs"]?.array)
      #expect(all.first == .null)
      #expect(Array(all.suffix(drawn.count)) == drawn)
      #expect(score["entropies"]?.array?.count == all.count)
    }
  }

  @Test func promptsComeFromLinesFilesAndArguments() async throws {
    let folder = try await trainedFolder()
    let arguments = ["sample", "--model", Self.model, "--temperature", "0", "--json"]
    let piped = try await GrpoProgram.run(arguments, in: folder, input: "1+1=\r\n2+3=")
    #expect(try lines(piped).map { $0["prompt"]?.string } == ["1+1=", "2+3="])
    try folder.write("prompts.jsonl", "{\"prompt\": \"1+1=\"}\n\n{\"prompt\": \"2+3=\"}\n")
    let file = try await GrpoProgram.run(arguments + ["--input", "prompts.jsonl"], in: folder)
    #expect(file.output == piped.output)
    let alone = try await GrpoProgram.run(arguments + ["2+3="], in: folder)
    #expect(alone.outputLines == Array(piped.outputLines.suffix(1)))
    let text = try await GrpoProgram.run(
      "sample", "--model", Self.model, "--temperature", "0", "2+3=", in: folder)
    let completion = try #require(try lines(alone).first?["completion"]?.string)
    #expect(text.output == completion + "\n")
    let long = String(repeating: "1", count: 50)
    let tooLong = try await GrpoProgram.run(arguments, in: folder, input: "1+1=\n\(long)\n")
    #expect(tooLong.status == 65)
    #expect(
      tooLong.problems.first?.hasPrefix("error: standard input:2: prompt: is too long") == true)
  }

  @Test func questionsFillTheRecipesTemplate() async throws {
    let folder = try await trainedFolder()
    func sample(_ arguments: String..., input: String? = nil) async throws -> GrpoProgram.Outcome {
      try await GrpoProgram.run(
        ["sample", "--model", Self.model, "--json"] + arguments, in: folder, input: input)
    }
    let raw = try await sample(
      "2+3=", "--temperature", "0", "--max-completion-length", "6")
    let asked = try await sample(
      "--recipe", "recipe.yaml", "--question", "2+3", "--temperature", "0")
    #expect(asked.output == raw.output, "\(asked.errors)")
    let template = try await sample(
      "--prompt", "prompt.txt", "--question", "2+3", "--temperature", "0",
      "--max-completion-length", "6")
    #expect(template.output == raw.output)
    let piped = try await sample("--recipe", "recipe.yaml", "--temperature", "0", input: "2+3\n")
    #expect(piped.output == raw.output)
    try folder.write("rows.jsonl", "{\"question\": \"2+3\", \"level\": 1}\n")
    let rows = try await sample(
      "--recipe", "recipe.yaml", "--temperature", "0", "--input", "rows.jsonl")
    #expect(rows.output == raw.output)
    // What the recipe says of sampling holds, and what is given here before it.
    try folder.edit("  beta: 0.01", "  beta: 0.01\n  stop: [\"1\"]\n  top_k: 1")
    let likeliest = try await sample("--recipe", "recipe.yaml", "--question", "2+3")
    #expect(try lines(likeliest).first?["completion"]?.string?.contains("1") == false)
    let all = try await sample("--recipe", "recipe.yaml", "--question", "2+3", "--top-k", "0")
    #expect(all.status == 0)
    #expect(try lines(all).first?["logprobs"] != lines(likeliest).first?["logprobs"])

    for (arguments, problem) in [
      (["--recipe", "recipe.yaml", "2+3="], "got a prompt beside --recipe, which has a template"),
      (["--question", "2+3"], "--question: got no template; need --recipe or --prompt"),
      (["--recipe", "recipe.yaml", "--question", "1", "--input", "a"], "need one of a prompt"),
    ] {
      let outcome = try await GrpoProgram.run(
        ["sample", "--model", Self.model] + arguments, in: folder)
      #expect(outcome.status == 64)
      #expect(outcome.problems.first?.contains(problem) == true, "\(outcome.errors)")
    }
    try folder.write("prompt.txt", "{question} {hint}=\n")
    let missing = try await sample("--recipe", "recipe.yaml", "--question", "2+3")
    #expect(missing.status == 65)
    #expect(missing.problems.first?.contains("hint: a question alone does not fill") == true)
  }

  @Test func scoreNeedsNoTokenizerAndNamesBadLines() async throws {
    let folder = try await trainedFolder()
    try FileManager.default.removeItem(atPath: folder["\(Self.model)/tokenizer.model"])
    try folder.write("ids.jsonl", "{\"input_ids\": [1, 5, 9]}\n{\"input_ids\": [7]}\n")
    let outcome = try await GrpoProgram.run(
      "score", "--model", Self.model, "--input", "ids.jsonl", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let scores = try lines(outcome)
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
      "score", "--model", Self.model, "--input", "bad.jsonl", in: folder)
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
