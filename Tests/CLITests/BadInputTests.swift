import Formats
import Foundation
import Testing

/// One line that says what is wrong, the right exit status, and nothing written over.
@Suite struct BadInputTests {
  @Test(arguments: [
    ("train.betta=1", 78, "--set train.betta: unknown key (did you mean beta?)"),
    (
      "train.beta=nan", 78,
      "--set train.beta: is not a number (got nan; need a number from 0 to 100)"
    ),
    (
      "train.num_generations=0", 78,
      "--set train.num_generations: is out of range (got 0; need a whole number from 1 to 4096)"
    ),
    ("rewards.1.name=exact_mach", 78, nil),
    ("data.train=none.jsonl", 66, "FOLDER/none.jsonl: no such file"),
    ("prompt=none.txt", 66, "FOLDER/none.txt: no such file"),
    ("output=recipe.yaml", 73, "recipe.yaml: is a file; need a directory"),
    ("output=/proc/grpo", 73, "/proc/grpo: cannot create: No such file or directory"),
  ])
  func recipes(change: String, status: Int32, problem: String?) async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", "--set", change, in: folder)
    #expect(outcome.status == status)
    #expect(outcome.problems.count == 1)
    #expect(outcome.output.isEmpty)
    if let problem {
      let text = problem.replacingOccurrences(of: "FOLDER", with: folder.path)
      #expect(outcome.problems == ["error: " + text])
    }
    #expect(!folder.exists("run"))
  }

  @Test(arguments: [
    (["--seed=-1"], "--seed: is out of range (got -1; need a whole number from 0 up)"),
    (["--steps=9"], nil),
  ])
  func optionsOutOfRangeAreMistakesOnTheCommandLine(option: [String], problem: String?) async throws
  {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(["run", "recipe.yaml"] + option, in: folder)
    #expect(outcome.status == 64)
    #expect(outcome.problems.count == 1)
    if let problem { #expect(outcome.problems == ["error: " + problem]) }
    #expect(!folder.exists("run"))
  }

  @Test func anUnknownCommandHasASuggestion() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("evalute", in: folder)
    #expect(outcome.problems == ["error: unknown command evalute; did you mean evaluate?"])
  }

  @Test func aKeyOfTheRecipeIsNamedWithItsLine() async throws {
    let folder = try Workspace()
    try folder.edit("  beta: 0.01", "  betta: 0.01")
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(outcome.status == 78)
    #expect(
      outcome.problems == [
        "error: recipe.yaml:22: train.betta: unknown key (did you mean beta?)"
      ])
  }

  @Test func everyBadLineOfTheDataIsNamed() async throws {
    let folder = try Workspace()
    try folder.write(
      "train.jsonl",
      """
      {"question": "1+1", "answer": "2"}
      {"question": "1+2"}
      {"question": 3, "answer": "4"
      {"question": "5", "answer": "5"}
      []

      """)
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(outcome.status == 65)
    #expect(outcome.problems.count == 3)
    for (problem, line) in zip(outcome.problems, [2, 3, 5]) {
      #expect(problem.hasPrefix("error: \(folder["train.jsonl"]):\(line): "), "\(problem)")
    }
    #expect(outcome.problems.first?.contains("answer") == true)
  }

  @Test func aPromptLongerThanTheContextIsNamed() async throws {
    let folder = try Workspace()
    let long = String(repeating: "1", count: 40)
    let data = try folder.text("train.jsonl")
    try folder.write("train.jsonl", data + "{\"question\": \"\(long)\", \"answer\": \"1\"}\n")
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(outcome.status == 65)
    #expect(
      outcome.problems == [
        "error: \(folder["train.jsonl"]):65: prompt: is too long (got 42 tokens; need at most 31, "
          + "with a context of 32)"
      ])
  }

  @Test func anOutputOfAnotherRecipeIsLeftAlone() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("run", "recipe.yaml", "-q", in: folder)
    let before = try folder.bytes("run/metrics.jsonl")
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", "--set", "train.beta=0.02", in: folder)
    #expect(outcome.status == 78)
    #expect(
      outcome.problems == [
        "error: run: was started with another recipe: "
          + "train.beta: differs (got 0.02; need 0.01)"
      ])
    #expect(outcome.help?.contains("--output") == true)
    #expect(try folder.bytes("run/metrics.jsonl") == before)
  }

  @Test func changedInputsAreNamedWithTheFlagsThatAcceptThem() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("run", "recipe.yaml", "-q", in: folder)
    try folder.edit("}\n", "}\n{\"question\": \"1+1\", \"answer\": \"2\"}\n", in: "test.jsonl")
    let file = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(file.status == 65)
    let problem =
      "error: run: was started with another file: data.test: \(folder["test.jsonl"]) differs"
    #expect(file.problems.map { $0.hasPrefix(problem) } == [true])
    #expect(file.help?.hasSuffix(" or accept them: --allow data.test") == true)

    let both = ["run", "recipe.yaml", "--set", "train.beta=0.02"]
    let refused = try await GrpoProgram.run(both, in: folder)
    #expect(refused.status == 78)
    #expect(refused.problems.count == 2)
    #expect(refused.help?.hasSuffix(": --allow train.beta --allow data.test") == true)
    let misspelt = try await GrpoProgram.run(both + ["--allow", "train.betta"], in: folder)
    #expect(misspelt.status == 64)
    #expect(
      misspelt.problems == [
        "error: --allow: no key or input is named train.betta; did you mean train.beta?"
      ])
    let allowed = try await GrpoProgram.run(
      both + ["--allow", "train.beta", "--allow", "data.test"], in: folder)
    #expect(allowed.status == 0, "\(allowed.errors)")
    // Nothing was trained with it, so the run is still what it was.
    let again = try await GrpoProgram.run(both, in: folder)
    #expect(again.problems == refused.problems)
  }

  @Test func aDirectoryWithSomethingElseInItIsLeftAlone() async throws {
    let folder = try Workspace()
    try FileManager.default.createDirectory(
      atPath: folder["run"], withIntermediateDirectories: false)
    try folder.write("run/thesis.txt", "text")
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(outcome.status == 73)
    #expect(outcome.problems.count == 1)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder["run"]).sorted()
        .filter { $0 != "lock" } == ["thesis.txt"])
  }

  @Test func aRewardThatCannotStartIsFoundBeforeTheFirstStep() async throws {
    let folder = try Workspace()
    try folder.edit("\nevaluation:", "\n  - { command: [./none.sh] }\nevaluation:")
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(outcome.status == 69)
    #expect(outcome.problems.count == 1)
    #expect(
      outcome.problems.first?.hasPrefix("error: reward 'none': cannot start: ./none.sh: ") == true)
    #expect(!folder.exists("run/metrics.jsonl"))
  }

  @Test(arguments: [
    ["run", "recipe.yaml"], ["compare", "recipe.yaml"],
    ["evaluate", "--model", "m", "--recipe", "recipe.yaml"],
    ["reward", "train", "--model", "m", "--data", "train.jsonl"],
    ["tokenizer", "train", "--input", "prompt.txt", "--vocab-size", "280"],
  ])
  func anEmptyOutputIsNoPlace(words: [String]) async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(words + ["--output", ""], in: folder)
    #expect(outcome.status == 64)
    #expect(outcome.problems.count == 1)
    #expect(outcome.problems.first?.hasPrefix("error: --output: ") == true, "\(outcome.errors)")
  }

  @Test(arguments: [
    ("config.json", "{\"model_type\": \"llama\", \"num_attention_heads\": 0", 65),
    ("config.json", "{}", 65),
    ("config.json", "version https://git-lfs.github.com/spec/v1", 65),
    ("model.safetensors", "", 65),
    ("model.safetensors", "\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}{}", 65),
    ("tokenizer.model", "", 65),
    ("tokenizer.model", "no tokenizer", 65),
  ])
  func hostileModelFiles(name: String, content: String, status: Int32) async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let model = "run/warm-start/model"
    try folder.write("\(model)/\(name)", content)
    let outcome = try await GrpoProgram.run("sample", "--model", model, "1+1=", in: folder)
    #expect(outcome.status == status)
    #expect(outcome.problems.count == 1)
    #expect(outcome.problems.first?.hasPrefix("error: \(model)/\(name):") == true)
  }

  @Test func aTruncatedModelIsRefused() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let weights = "run/warm-start/model/model.safetensors"
    let bytes = try folder.bytes(weights)
    try Data(bytes.dropLast()).write(to: URL(fileURLWithPath: folder[weights]))
    let outcome = try await GrpoProgram.run(
      "evaluate", "--model", "run/warm-start/model", "--recipe", "recipe.yaml", in: folder)
    #expect(outcome.status == 65)
    #expect(outcome.problems.count == 1)
    try FileManager.default.removeItem(atPath: folder[weights])
    let missing = try await GrpoProgram.run(
      "score", "--model", "run/warm-start/model", "--input", "-", in: folder)
    #expect(missing.status == 66)
    #expect(missing.problems == ["error: \(weights): no such file"])
  }

  /// A checkpoint as it was downloaded, with the tokenizer that is not read.
  @Test func anotherProgramsTokenizerIsNamed() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let model = "run/warm-start/model"
    try FileManager.default.removeItem(atPath: folder["\(model)/tokenizer.model"])
    let problem =
      "error: \(model): has tokenizer.json but no tokenizer.model (need the SentencePiece model "
      + "it was made from; tokenizer.json is not supported)"
    for command in [["sample", "1+1="], ["evaluate", "--recipe", "recipe.yaml"]] {
      let outcome = try await GrpoProgram.run(command + ["--model", model], in: folder)
      #expect(outcome.status == 65)
      #expect(outcome.problems == [problem])
    }
  }

  @Test func aTokenizerThatDoesNotFitIsRefused() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let trained = try await GrpoProgram.run(
      "tokenizer", "train", "--input", "train.jsonl", "--field", "question", "--field", "answer",
      "--vocab-size", "300", "--control-symbols",
      (0..<20).map { "<|\($0)|>" }.joined(separator: ","),
      "--output", "run/warm-start/model/other.model", in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let model = "run/warm-start/model"
    let size = try #require(
      try JSON(parsing: folder.bytes("\(model)/config.json"), file: "config.json")["vocab_size"]?
        .int)
    try FileManager.default.removeItem(atPath: folder["\(model)/tokenizer.model"])
    try FileManager.default.moveItem(
      atPath: folder["\(model)/other.model"], toPath: folder["\(model)/tokenizer.model"])
    let outcome = try await GrpoProgram.run("sample", "--model", model, "1+1=", in: folder)
    #expect(outcome.status == 65)
    #expect(outcome.problems.count == 1)
    #expect(
      outcome.problems.first?.hasSuffix("need at most \(size))") == true, "\(outcome.problems)")
  }

  @Test(arguments: [
    (["run"], "grpo run --help"),
    (["run", "recipe.yaml", "--set", "train.beta"], "grpo run --help"),
    (["run", "recipe.yaml", "--threads", "0"], "grpo run --help"),
    (["run", "recipe.yaml", "--threads", "1000000000"], "grpo run --help"),
    (["rnu", "recipe.yaml"], "grpo --help"),
    ([""], "grpo --help"),
    (["run", "recipe.yaml", "--epochs", "3"], "grpo run --help"),
    (["evaluate", "--model", "x"], "grpo evaluate --help"),
    (["evaluate", "--model", "x", "--recipe", "recipe.yaml", "--k", "9"], "grpo evaluate --help"),
    (["evaluate", "--model", "x", "--data", "x", "--reward", "exact"], "grpo evaluate --help"),
    (["sample", "--model", "x", "--temperature", "nan"], "grpo sample --help"),
    (["sample", "--model", "x", "--top-p", "0"], "grpo sample --help"),
    (["tokenizer", "train", "--input", "x"], "grpo tokenizer train --help"),
  ])
  func mistakesOnTheCommandLineAre64(arguments: [String], help: String) async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(arguments, in: folder)
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.split(separator: "\n").count == 2)
    #expect(outcome.problems.count == 1)
    #expect(outcome.help == "help: " + help)
  }
}
