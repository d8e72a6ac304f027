import Formats
import Foundation
import TestSupport
import Testing

/// What a run says of itself when it has ended.
@Suite struct TrainingReportTests {
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
    let warning = try JSON(parsing: Array(try #require(told.first).utf8), file: "errors")
    let message = warning["warning"]?["message"]?.string
    #expect(message?.hasPrefix("step 1: no completion has a score from mute: ") == true)
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
    #expect(people.errors.hasPrefix("warning: \(whole): check with grpo reward test "))
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

  @Test func troublesOfARewardAreInTheSummary() async throws {
    let folder = try Workspace()
    try await folder.writeExecutable(
      "score.py",
      """
      #!/usr/bin/env python3
      import json, os, sys, time
      for line in sys.stdin:
          request = json.loads(line)
          if request["step"] == 2 and not os.path.exists("once"):
              open("once", "w").close()
              os._exit(1)
          rewards = [0] * len(request["completions"])
          print(json.dumps({"rewards": rewards, "id": request["id"]}), flush=True)
      """)
    try folder.addPlugin("./score.py")
    let run = try await GrpoProgram.run("run", "recipe.yaml", "-q", in: folder)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("\nrewards/score/restarts "))

    // A finished run tells of its logs; here with times that no machine chose.
    let lines = try folder.text("run/metrics.jsonl").split(separator: "\n").map { line in
      var metrics = try #require(try JSON(parsing: Array(line.utf8), file: "metrics").object)
      for key in metrics.keys where key.hasPrefix("time/rewards/") { metrics[key] = 0.0009 }
      metrics["time/rewards/score"] = 0.5
      metrics["step_time"] = 1
      return JSON.object(metrics).encoded() + "\n"
    }
    try folder.write("run/metrics.jsonl", lines.joined())
    let shown = try await GrpoProgram.run("run", "recipe.yaml", "-q", in: folder)
    #expect(shown.status == 0, "\(shown.errors)")
    #expect(shown.output.contains("\nseconds of score "))
    #expect(!shown.output.contains("seconds of regex"))
  }
}
