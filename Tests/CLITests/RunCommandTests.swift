import Formats
import Foundation
import TestSupport
import Testing

@Suite struct RunCommandTests {
  @Test func stepsOfAWarmStartAreSetByItsKey() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", "--set", "train=null", "--steps", "5", in: folder)
    #expect(outcome.status == 64)
    #expect(
      outcome.problems == [
        "error: --steps: has no effect: the recipe has no train (need --set warm_start.steps=5)"
      ])
  }

  @Test(arguments: [
    ("--seed", "5", "seed=6"), ("--steps", "2", "train.steps=3"), ("--output", "a", "output=b"),
  ])
  func whatAnOptionDecidesIsNoSetting(option: String, value: String, setting: String) async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", option, value, "--set", setting, in: folder)
    #expect(outcome.status == 64)
    #expect(
      outcome.problems == ["error: --set \(setting): has no effect, as \(option) sets it"])
  }

  @Test func oneCommandMakesEveryStageAndSaysWhereThingsAre() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let files = [
      "recipe.yaml", "metrics.jsonl", "completions.jsonl", "warm-start/metrics.jsonl",
      "warm-start/model/model.safetensors", "checkpoints/step-000008/MANIFEST.json",
      "model/config.json", "model/model.safetensors", "model/tokenizer.model",
      "model/tokenizer.json", "model/tokenizer_config.json",
    ]
    for file in files { #expect(folder.exists("run/" + file), "\(file)") }
    #expect(try folder.text("run/metrics.jsonl").split(separator: "\n").count == 8)
    let lines = outcome.outputLines
    // Beside what the run shows, and the rewards that were slow on this machine today.
    let others = ["check  ", "       ", "seconds of "]
    #expect(lines.count { line in !others.contains { line.hasPrefix($0) } } < 15)
    #expect(lines[0].hasPrefix("run: "))
    #expect(lines[0].contains(" 8 steps, 2 reference resets, "))
    for name in ["greedy accuracy", "pass@2", "maj@2", "reward", "kl", "clip_ratio/region_mean"] {
      #expect(lines.contains { $0.hasPrefix(name + " ") }, "\(name)")
    }
    #expect(lines.contains("model  run/model"))
    #expect(lines.contains("logs   run/metrics.jsonl  run/completions.jsonl"))
    // The program as it was called, here by its path.
    let (next, last) = (try #require(lines.dropLast().last), try #require(lines.last))
    #expect(next.hasPrefix("next   /"))
    #expect(next.hasSuffix("/grpo evaluate --model run/model --recipe recipe.yaml"))
    #expect(
      last.contains(
        #/\/grpo sample --model run\/model --recipe recipe.yaml --question '?\d\+\d'? --temperature 0$/#
      ))
  }

  @Test func heldOutQuestionsThatAreLearnedAreCounted() async throws {
    let folder = try Workspace()
    let rows = try folder.text("train.jsonl").split(separator: "\n").prefix(3)
    try folder.write(
      "both.jsonl", try folder.text("test.jsonl") + rows.joined(separator: "\n") + "\n")
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", "-q", "--set", "data.test=both.jsonl", "--set", "train.steps=1",
      in: folder)
    #expect(
      outcome.errors.contains(
        "warning: 3 of 39 questions of data.test are in data.train, too: "), "\(outcome.errors)")
  }

  @Test func onlyCommandsThatWorkAreShown() async throws {
    let folder = try Workspace()
    func shown(_ changes: String...) async throws -> [Substring] {
      let outcome = try await GrpoProgram.run(
        ["run", "recipe.yaml", "-q", "--output", UUID().uuidString, "--set", "train.steps=1"]
          + changes.flatMap { ["--set", $0] }, in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let hints = outcome.output.firstRange(of: "next   ").map { outcome.output[$0.upperBound...] }
      return (hints ?? "").split(separator: "\n").map { $0.drop { $0 == " " } }
    }
    // Nothing is held out: nothing can be evaluated, and a question be asked all the same.
    let alone = try await shown("data.test=null", "evaluation=null")
    #expect(alone.count == 1)
    #expect(alone[0].contains(" sample ") && alone[0].hasSuffix("/recipe.yaml --temperature 0"))
    try folder.write("two.txt", "{question} {answer}")
    let rows = try await shown("prompt=two.txt")
    #expect(rows.count == 2)
    #expect(rows[1].hasSuffix("/recipe.yaml --input test.jsonl --temperature 0"))
    #expect(try await shown("prompt=two.txt", "data.test=null", "evaluation=null") == [])
    try folder.write(
      "minus.jsonl", String(repeating: "{\"question\": \"-5+3\", \"answer\": \"-2\"}\n", count: 30))
    let minus = try await shown("data.test=minus.jsonl")
    #expect(minus[1].hasSuffix("/recipe.yaml --question=-5+3 --temperature 0"))
  }

  @Test func theCommandsThatAreShownRunAsTheyAre() async throws {
    let folder = try Workspace()
    try folder.write("prompt.txt", "Sum \"it\":\n\t{question}\n=\n\n")
    let question = #"it's $HOME `id` \n "two" \0101 %s"# + "\n\tlines\u{1B}[31m 日本\n\n"
    let rows = (0..<40).map { number in
      JSON.object(["question": .string(question), "answer": .string("\(number % 3)")]).encoded()
        + "\n"
    }
    try folder.write("test.jsonl", rows.joined())
    try folder.edit("max_position_embeddings: 32", "max_position_embeddings: 256")
    let name = "a dir's \"$x\"\n\u{1B}[2J\n"
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", "-q", "--output", name, "--set", "train.beta=0.02", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let hints = try #require(outcome.output.firstRange(of: "next   ")).upperBound
    let commands = String(outcome.output[hints...]).replacing("\n       ", with: "\n")
    #expect(!commands.contains("\u{1B}"))
    let arguments = try await arguments(of: commands, in: folder)
    let model = "\(name)/model"
    let recipe = "\(name)/recipe.yaml"
    #expect(
      arguments == [
        ["evaluate", "--model", model, "--recipe", recipe],
        [
          "sample", "--model", model, "--recipe", recipe, "--question", question, "--temperature",
          "0",
        ],
      ])
    let sampled = try await GrpoProgram.run(arguments[1] + ["--json"], in: folder)
    #expect(sampled.status == 0, "\(sampled.errors)")
    let row = try JSON(parsing: Array(sampled.output.utf8), file: "sample")
    #expect(row["prompt"]?.string == "Sum \"it\":\n\t\(question)\n=\n")
  }

  /// What a shell makes of commands: the arguments of each, without the program.
  private func arguments(of commands: String, in folder: Workspace) async throws -> [[String]] {
    try folder.write(
      "show.sh",
      "#!/bin/sh\nshift\nfor word in \"$@\"; do printf '%s\\001' \"$word\"; done\nprintf '\\002'\n")
    let program = try GrpoProgram.path()
    let output = Pipe()
    let process = try await ChildProcess(
      ["/bin/sh", "-c", commands.replacing(program, with: "sh ./show.sh \(program)")],
      in: folder.path, output: output.fileHandleForWriting.fileDescriptor)
    try output.fileHandleForWriting.close()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    _ = try await process.end()
    return bytes.split(separator: 2, omittingEmptySubsequences: true).map { words in
      words.split(separator: 1).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  @Test func progressOffATerminalIsPlainLinesOnStandardError() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(!outcome.errors.contains("\r") && !outcome.errors.contains("\u{1B}"))
    for text in [
      "warm start  10/10  100%  loss ", "train  8/8  100%  reward ",
      " reference  set to the policy before step 5", "saved  step 8 in run/checkpoints",
    ] {
      #expect(outcome.errors.contains(text), "\(text)")
    }
    #expect(outcome.errors.contains(#/step 1  "\d\+\d=" → ".*"  reward .* advantage /#))
    let quiet = try await GrpoProgram.run("run", "recipe.yaml", "--quiet", in: folder)
    #expect(quiet.errors.isEmpty)
  }

  /// The learning rate is not to blame; what was saved is gone on from, to the same end.
  @Test func rewardsThatOverflowAreNamedWithTheirCure() async throws {
    let folder = try Workspace()
    try folder.write(
      "large.py",
      """
      def score(completions, **columns):
          return [1e30 * (place % 2) for place, _ in enumerate(completions)]

      """)
    for _ in 0..<2 {
      let outcome = try await GrpoProgram.run(
        "run", "recipe.yaml", "-q", "--set", "rewards=[{ python: 'large.py:score' }]", "--set",
        "train.algorithm=reinforce", "--set", "train.max_grad_norm=0", "--set",
        "train.checkpoint_steps=1", in: folder)
      #expect(outcome.status == 70, "\(outcome.errors)")
      #expect(outcome.problems.last?.contains("the rewards are as large as 1e+30") == true)
      #expect(outcome.help?.contains("scale or clip the rewards") == true)
    }
    #expect(folder.exists("run/checkpoints/step-000002/MANIFEST.json"))
  }

  @Test func threadsChangeNoResult() async throws {
    let folder = try Workspace()
    for threads in ["1", "2"] {
      let outcome = try await GrpoProgram.run(
        "run", "recipe.yaml", "--threads", threads, "--output", "run-\(threads)", "-q", in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    try expectSameRun("run-1", "run-2", in: folder)
    // The comparison can fail: another seed gives another run.
    let other = try await GrpoProgram.run(
      "run", "recipe.yaml", "--seed", "2", "--output", "run-3", "-q", in: folder)
    #expect(other.status == 0, "\(other.errors)")
    #expect(try folder.bytes("run-1/completions.jsonl") != folder.bytes("run-3/completions.jsonl"))
  }

  @Test func theSummaryForProgramsHasTheSameNumbers() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", "--json", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let summary = try JSON(parsing: Array(outcome.output.utf8), file: "summary")
    #expect(summary["steps"]?.int == 8)
    #expect(summary["before"]?["n"]?.int == 36)
    #expect(summary["after"]?["greedy"]?["accuracy"]?.double != nil)
    #expect(summary["gain"]?["interval"]?.array?.count == 2)
    #expect(summary["training"]?["reference_resets"]?.int == 2)
    let kl = try metrics("run", in: folder).compactMap { $0["kl"]?.double }
    #expect(summary["training"]?["kl"]?["maximum"]?.double == kl.max())
    #expect(try #require(kl.max()) > 0)
    #expect(summary["model"]?.string == "run/model")
  }

  @Test func aRunInWhichNothingIsEverScoredSaysSoAtOnceAndAtTheEnd() async throws {
    let folder = try Workspace()
    try folder.write(
      "mute.py", "def mute(completions, **columns):\n    return [None] * len(completions)\n")
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", "--set", "rewards=[{python: 'mute.py:mute'}]", "--json", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let told = outcome.errors.split(separator: "\n").filter { $0.contains("no completion has a") }
    #expect(told.count == 1)
    #expect(told.first?.hasPrefix("warning: step 1: no completion has a score from mute: ") == true)
    let summary = try JSON(parsing: Array(outcome.output.utf8), file: "summary")
    #expect(summary["findings"]?.array?.first?["name"]?.string == "never_scored")
    #expect(
      summary["findings"]?.array?.first?["evidence"]?.string
        == "steps 1 to 8: no completion has a score from mute in 8 of 8 steps")
    let people = try await GrpoProgram.run(
      "run", "recipe.yaml", "--set", "rewards=[{python: 'mute.py:mute'}]", in: folder)
    #expect(people.outputLines.contains { $0.hasPrefix("check  steps 1 to 8: no completion has") })
  }

  @Test func aWarmStartThatMissesItsGoalSaysSo() async throws {
    let folder = try Workspace()
    try folder.write(
      "mute.py", "def mute(completions, **columns):\n    return [None] * len(completions)\n")
    let goal = ["--set", "warm_start.steps=21", "--set", "warm_start.until_accuracy=0.99"]
    let mute = goal + ["--set", "rewards=[{python: 'mute.py:mute'}]"]
    let evidence = "warm start: until_accuracy 0.99 was not reached: 0.0 after 20 steps"
    let people = try await GrpoProgram.run(
      ["sft", "recipe.yaml", "-q", "--output", "mute"] + mute, in: folder)
    #expect(people.status == 0, "\(people.errors)")
    let whole = "\(evidence), and no completion has a score"
    #expect(people.outputLines.first == "check  \(whole)")
    #expect(people.errors.hasPrefix("warning: \(whole): see that the first reward "))
    // A warm start that is there already says it again.
    let json = try await GrpoProgram.run(
      ["sft", "recipe.yaml", "-q", "--output", "mute", "--json"] + mute, in: folder)
    let summary = try JSON(parsing: Array(json.output.utf8), file: "summary")
    #expect(summary["findings"]?.array?.map { $0["evidence"]?.string } == [whole])
    let run = try await GrpoProgram.run(
      [
        "run", "recipe.yaml", "-q", "--set", "train.steps=1", "--set", "rewards=[exact_match]",
        "--json",
      ]
        + goal, in: folder)
    #expect(run.status == 0, "\(run.errors)")
    let findings = try JSON(parsing: Array(run.output.utf8), file: "summary")["findings"]?.array
    #expect(findings?.first?["name"] == "goal_missed", "\(run.output)")
    #expect(findings?.first?["evidence"]?.string?.hasPrefix("warm start: until_accuracy") == true)
  }

  @Test func aLabellerThatGivesNoLabelIsFound() async throws {
    let folder = try Workspace()
    try folder.write(
      "mute.py", "def mute(completions, **columns):\n    return [None] * len(completions)\n")
    let outcome = try await GrpoProgram.run(
      [
        "run", "recipe.yaml", "-q", "--json", "--set", "rewards=null", "--set", "evaluation=null",
        "--set", "rewards=[{ name: contains, text: nowhere, weight: 0 }]", "--set",
        "reward_model={ labeller: { python: 'mute.py:mute' }, questions: 4, steps: 2 }",
      ], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let findings = try JSON(parsing: Array(outcome.output.utf8), file: "summary")["findings"]?.array
    #expect(
      findings?.first?["evidence"]
        == "steps 1 to 8: the reward model learns nothing: the labeller gave no label",
      "\(outcome.output)")
    #expect(findings?.contains { $0["name"] == "equal_rewards" } == false)
  }

  @Test func aStepTooLargeForTheMemoryBeginsNothing() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", "--set", "train.questions_per_step=65536", "--set",
      "train.num_generations=4096", "--set", "train.max_completion_length=20000", "--set",
      "model.max_position_embeddings=32768", in: folder)
    #expect(outcome.status == 78, "\(outcome.errors)")
    #expect(
      outcome.problems.first?.hasPrefix("error: train: the completions of a step are too large")
        == true)
    #expect(outcome.help?.contains("train.questions_per_step") == true)
    #expect(!folder.exists("run"))
  }

  @Test func aTrainedRunWhoseHeldOutScoresFailIsSummedUpAndEndsWith69() async throws {
    let folder = try Workspace()
    try folder.write(
      "picky.py",
      """
      def picky(completions, answer, held_out=None, **kwargs):
          if held_out: raise ValueError("not these")
          return [float(c == a) for c, a in zip(completions, answer)]
      """)
    try folder.write(
      "held.jsonl",
      (0..<5).map { "{\"question\": \"\($0)+1\", \"answer\": \"\($0 + 1)\", \"held_out\": 1}\n" }
        .joined())
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", "--set", "rewards=[{python: 'picky.py:picky'}]", "--set",
      "data.test=held.jsonl", in: folder)
    #expect(outcome.status == 69)
    #expect(outcome.output.contains("5 held-out questions, by picky"))
    #expect(outcome.output.contains(" completions had no score, and count as wrong\n"))
    #expect(outcome.errors.contains("error: reward 'picky': "))
    #expect(outcome.errors.contains(" scores of the evaluation failed: ValueError: not these\n"))
    #expect(outcome.outputLines.contains { $0.hasPrefix("model  ") })
  }

  @Test func optionsChangeTheRecipe() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "run", "recipe.yaml", "--steps", "3", "--seed", "7", "--set", "train.beta=0",
      "--set", "evaluation.samples=3", "--output", "other", "--json", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let summary = try JSON(parsing: Array(outcome.output.utf8), file: "summary")
    #expect(summary["steps"]?.int == 3)
    #expect(summary["after"]?["sampled"]?["samples"]?.int == 3)
    #expect(try folder.text("other/recipe.yaml").contains("seed: 7"))
    #expect(try metrics("other", in: folder).allSatisfy { $0["kl"] == nil })
  }

  @Test func theStagesOneByOneGiveTheSameRun() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("run", "recipe.yaml", "-q", "--output", "whole", in: folder)
    let early = try await GrpoProgram.run("train", "recipe.yaml", "-q", in: folder)
    #expect(early.status == 66)
    #expect(early.help?.contains("grpo sft") == true)
    let start = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    #expect(start.status == 0, "\(start.errors)")
    #expect(start.outputLines.last?.hasSuffix("/grpo train recipe.yaml") == true)
    let training = try await GrpoProgram.run("train", "recipe.yaml", "-q", in: folder)
    #expect(training.status == 0, "\(training.errors)")
    try expectSameRun("whole", "run", in: folder)
    let again = try await GrpoProgram.run("train", "recipe.yaml", in: folder)
    #expect(again.status == 73)
    #expect(
      again.problems == [
        "error: run: holds a run (need --resume, or an empty directory)"
      ])
    #expect(again.help?.contains("--resume") == true)
  }

  /// Killed while the first file was written, and while others were.
  @Test func whatAnInterruptedWriteLeftIsNoHindrance() async throws {
    let folder = try Workspace()
    for name in ["run/warm-start/model.tmp-9", "run/checkpoints/step-000004.tmp-123"] {
      try FileManager.default.createDirectory(
        atPath: folder[name], withIntermediateDirectories: true)
    }
    for name in ["lock", "recipe.yaml.tmp-123", "checkpoints/step-000004.tmp-123/a"] {
      try folder.write("run/" + name, "1")
    }
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.errors.contains(
        "   removed  what an interrupted write had left: checkpoints/step-000004.tmp-123, "
          + "recipe.yaml.tmp-123, warm-start/model.tmp-9\n"))
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder["run"])
    #expect(!names.contains { $0.contains("tmp") })
  }
}

/// The lines of a run's metrics without what depends on the clock.
func metrics(_ run: String, in folder: Workspace) throws -> [JSONObject] {
  let name = run + "/metrics.jsonl"
  return try JSONLines.lines(folder.bytes(name), file: name).map { line in
    JSONObject(
      line.object.entries.filter { $0.key != "step_time" && !$0.key.hasPrefix("time/") }
        .map { ($0.key, $0.value) })
  }
}

/// Metrics, completions and weights are the same bytes, the clock's metrics aside.
func expectSameRun(_ a: String, _ b: String, in folder: Workspace) throws {
  #expect(
    try metrics(a, in: folder).map { JSON.object($0).encoded() }
      == metrics(b, in: folder).map { JSON.object($0).encoded() })
  for file in [
    "completions.jsonl", "model/model.safetensors", "warm-start/model/model.safetensors",
  ] {
    #expect(try folder.bytes("\(a)/\(file)") == folder.bytes("\(b)/\(file)"), "\(file)")
  }
}
