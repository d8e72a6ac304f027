import Formats
import Testing

@Suite struct SampleCommandTests {
  @Test func valuesMayBeginWithAMinusSign() async throws {
    let folder = try await Workspace.warmStarted()
    let sample = ["sample", "--model", Workspace.model, "--recipe", "recipe.yaml"]
    let asked = try await GrpoProgram.run(sample + ["--json", "--question", "-5+3"], in: folder)
    #expect(try asked.objects().map { $0["prompt"]?.string } == ["-5+3="])
    for (option, need) in [
      ("--seed", "0 or more"), ("--temperature", "0, or 0.001 to 100"),
      ("--max-completion-length", "1 to 1000000"),
    ] {
      let wrong = try await GrpoProgram.run(sample + [option, "-1"], in: folder)
      #expect(wrong.problems == ["error: \(option): got -1; need \(need)"])
    }
  }

  @Test func whatASampleLacksIsToldByWhatGivesIt() async throws {
    let folder = try await Workspace.warmStarted()
    try folder.write("two.txt", "{question} {level}")
    let alone = try await GrpoProgram.run(
      "sample", "--model", Workspace.model, "--prompt", "two.txt", "--question", "a", in: folder)
    #expect(alone.problems.first?.contains("need rows (--input)") == true)
    try folder.write("rows.jsonl", "{\"q\": 1}\n")
    let unnamed = try await GrpoProgram.run(
      "sample", "--model", Workspace.model, "--prompt", "prompt.txt", "--input", "rows.jsonl",
      in: folder
    )
    #expect(
      unnamed.problems == [
        "error: rows.jsonl: question: no such column (got the columns \"q\"; prompt.txt uses it)"
      ])
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
      ["--temperature", "0", "--samples", "3"],
      "--samples: has no effect with --temperature 0, which draws nothing"
    ),
    (
      ["--temperature", "0", "--seed", "5"],
      "--seed: has no effect with --temperature 0, which draws nothing"
    ),
  ])
  func anOptionWithoutEffectOrOutOfRangeIsRefused(_ arguments: [String], _ problem: String)
    async throws
  {
    let outcome = try await GrpoProgram.run(
      ["sample", "--model", "none", "1+1="] + arguments, in: Workspace())
    #expect(outcome.status == 64)
    #expect(outcome.problems == ["error: " + problem])
  }

  @Test func topKOfZeroDrawsFromAll() async throws {
    let folder = try await Workspace.warmStarted()
    let arguments = ["sample", "--model", Workspace.model, "3+4=", "--samples", "4"]
    let all = try await GrpoProgram.run(arguments, in: folder)
    let zero = try await GrpoProgram.run(arguments + ["--top-k", "0"], in: folder)
    #expect(zero.status == 0, "\(zero.errors)")
    #expect(zero.output == all.output)
    let one = try await GrpoProgram.run(arguments + ["--top-k", "1"], in: folder)
    #expect(Set(one.outputLines).count == 1)
  }

  @Test func samplesHaveTheDocumentedShapeAndTheTrainersLogProbs() async throws {
    let folder = try await Workspace.warmStarted()
    let outcome = try await GrpoProgram.run(
      "sample", "--model", Workspace.model, "3+4=", "--samples", "5", "--max-completion-length",
      "6",
      "--json", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let samples = try outcome.objects()
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
      "score", "--model", Workspace.model, "--input", "-", in: folder, input: sequences)
    #expect(scored.status == 0, "\(scored.errors)")
    for (sample, score) in zip(samples, try scored.objects()) {
      let drawn = try #require(sample["logprobs"]?.array)
      let all = try #require(score["token_logprobs"]?.array)
      #expect(all.first == .null)
      #expect(Array(all.suffix(drawn.count)) == drawn)
      #expect(score["entropies"]?.array?.count == all.count)
    }
  }

  @Test func promptsComeFromLinesFilesAndArguments() async throws {
    let folder = try await Workspace.warmStarted()
    let arguments = ["sample", "--model", Workspace.model, "--temperature", "0", "--json"]
    let piped = try await GrpoProgram.run(arguments, in: folder, input: "1+1=\r\n2+3=")
    #expect(try piped.objects().map { $0["prompt"]?.string } == ["1+1=", "2+3="])
    try folder.write("prompts.jsonl", "{\"prompt\": \"1+1=\"}\n\n{\"prompt\": \"2+3=\"}\n")
    let file = try await GrpoProgram.run(arguments + ["--input", "prompts.jsonl"], in: folder)
    #expect(file.output == piped.output)
    let alone = try await GrpoProgram.run(arguments + ["2+3="], in: folder)
    #expect(alone.outputLines == Array(piped.outputLines.suffix(1)))
    let text = try await GrpoProgram.run(
      "sample", "--model", Workspace.model, "--temperature", "0", "2+3=", in: folder)
    let completion = try #require(try alone.objects().first?["completion"]?.string)
    #expect(text.output == completion + "\n")
    let long = String(repeating: "1", count: 50)
    let tooLong = try await GrpoProgram.run(arguments, in: folder, input: "1+1=\n\(long)\n")
    #expect(tooLong.status == 65)
    let error = try JSON(parsing: Array(tooLong.errors.utf8), file: "errors")["error"]
    #expect(error?["file"]?.string == "standard input" && error?["line"]?.int == 2)
    #expect(error?["field"]?.string == "prompt")
    #expect(error?["message"]?.string?.hasPrefix("is too long") == true)
  }

  @Test func questionsFillTheRecipesTemplate() async throws {
    let folder = try await Workspace.warmStarted()
    func sample(_ arguments: String..., input: String? = nil) async throws -> GrpoProgram.Outcome {
      try await GrpoProgram.run(
        ["sample", "--model", Workspace.model, "--json"] + arguments, in: folder, input: input)
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
    #expect(try likeliest.objects().first?["completion"]?.string?.contains("1") == false)
    let all = try await sample("--recipe", "recipe.yaml", "--question", "2+3", "--top-k", "0")
    #expect(all.status == 0)
    #expect(try all.objects().first?["logprobs"] != likeliest.objects().first?["logprobs"])

    for (arguments, problem) in [
      (["--recipe", "recipe.yaml", "2+3="], "got a prompt beside --recipe, which has a template"),
      (["--question", "2+3"], "--question: got no template; need --recipe or --prompt"),
      (["--recipe", "recipe.yaml", "--question", "1", "--input", "a"], "need one of a prompt"),
    ] {
      let outcome = try await GrpoProgram.run(
        ["sample", "--model", Workspace.model] + arguments, in: folder)
      #expect(outcome.status == 64)
      #expect(outcome.problems.first?.contains(problem) == true, "\(outcome.errors)")
    }
    try folder.write("prompt.txt", "{question} {hint}=\n")
    let missing = try await sample("--recipe", "recipe.yaml", "--question", "2+3")
    #expect(missing.status == 65)
    #expect(missing.errors.contains("cannot be filled from a question alone"))
  }
}
