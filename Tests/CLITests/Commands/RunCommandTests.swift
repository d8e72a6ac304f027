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
        "warning: 3 of 39 questions of data.test are also in data.train: "), "\(outcome.errors)")
  }

  @Test func progressOffATerminalIsPlainLinesOnStandardError() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(!outcome.errors.contains("\r") && !outcome.errors.contains("\u{1B}"))
    for text in [
      "warm start  10/10  100%  mean: loss ", "train  8/8  100%  mean: reward ",
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
