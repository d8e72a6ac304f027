import Formats
import Foundation
import TestSupport
import Testing

@Suite struct RewardTrainCommandTests {
  @Test func aRewardModelIsTrainedAndTaken() async throws {
    let folder = try Workspace()
    let warm = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    #expect(warm.status == 0, "\(warm.errors)")
    let pairs = (0..<64).map {
      "{\"prompt\": \"\($0 % 10)+1=\", \"chosen\": \"\($0 % 10 + 1)\", \"rejected\": \"x\"}"
    }
    try folder.write("pairs.jsonl", pairs.joined(separator: "\n"))
    let words = [
      "reward", "train", "--data", "pairs.jsonl", "--model", "run/warm-start/model", "--steps",
      "60", "--batch-size", "16", "--learning-rate", "1e-3",
    ]
    let trained = try await GrpoProgram.run(words + ["--output", "rm", "--json"], in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let json = try JSON(parsing: Array(trained.output.utf8.dropLast()), file: "output")
    #expect(json["train"] == 56 && json["test"] == 8)
    #expect(json["before"]?["accuracy"] == 0.5)
    #expect(json["after"]?["accuracy"] == 1.0)
    let again = try await GrpoProgram.run(words + ["--output", "rm"], in: folder)
    #expect(again.status == 73 && again.errors.contains("exists already"))
    try folder.edit("\nevaluation:", "\n  - { model: rm, weight: 0.5 }\nevaluation:")
    let run = try await GrpoProgram.run("run", "recipe.yaml", "--output", "other", in: folder)
    #expect(run.status == 0, "\(run.errors)")
    let metrics = try String(contentsOfFile: folder["other/metrics.jsonl"], encoding: .utf8)
    #expect(metrics.contains("\"rewards/rm/mean\":"))
  }

  @Test func aStoppedTrainingWritesNothing() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let pairs = (0..<64).map {
      "{\"prompt\": \"\($0)=\", \"chosen\": \"1\", \"rejected\": \"x\"}"
    }
    try folder.write("pairs.jsonl", pairs.joined(separator: "\n"))
    let streams = try GrpoProgram.Streams(in: folder)
    // More than it could be through with before it is told to stop.
    let steps = "1000000000"
    let process = try await GrpoProgram.start(
      [
        "reward", "train", "--data", "pairs.jsonl", "--model", "run/warm-start/model", "--output",
        "rm", "--steps", steps,
      ], in: folder.path, output: streams.output, errors: streams.errors)
    try await GrpoProgram.waitUntil(of: process) {
      try streams.outcome(status: 0).errors.contains("step 1/\(steps) ")
    }
    process.send(SIGINT)
    let stopped = try streams.outcome(status: try await GrpoProgram.end(process))
    #expect(stopped.status == 75)
    #expect(stopped.errors.hasSuffix("\nstopped before the end, with nothing written\n"))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.allSatisfy { !$0.hasPrefix("rm") })
  }

  @Test func aPlaceThatCannotBeIsFoundOutBeforeTheFirstStep() async throws {
    let folder = try await Workspace.warmStarted()
    let pairs = (0..<16).map {
      "{\"prompt\": \"\($0)=\", \"chosen\": \"1\", \"rejected\": \"x\"}"
    }
    try folder.write("pairs.jsonl", pairs.joined(separator: "\n"))
    try FileManager.default.createSymbolicLink(
      atPath: folder["link"], withDestinationPath: "nowhere")
    for output in ["pairs.jsonl/rm", "/proc/rm", "link"] {
      let outcome = try await GrpoProgram.run(
        "reward", "train", "--data", "pairs.jsonl", "--model", Workspace.model, "--steps", "1",
        "--output", output, in: folder)
      #expect(outcome.status == 73, "\(outcome.errors)")
      #expect(outcome.problems.first?.hasPrefix("error: \(output): ") == true)
      #expect(!outcome.errors.contains("step 1/1"))
    }
  }

  @Test(arguments: [
    (
      "{\"prompt\": \"a\", \"chosen\": \"b\"}", 65,
      "pairs.jsonl: rejected: no such column (got the columns \"prompt\", \"chosen\""
    ),
    ("", 65, "pairs.jsonl: has no rows"),
    ("{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}", 65, "too few lines"),
    ("{\"prompt\": \"a\", \"completion\": \"b\", \"score\": \"c\"}", 65, "score: got \"c\""),
  ])
  func badLinesAreTold(lines: String, status: Int32, message: String) async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    try folder.write("pairs.jsonl", lines)
    let outcome = try await GrpoProgram.run(
      "reward", "train", "--data", "pairs.jsonl", "--model", "run/warm-start/model", "--output",
      "rm", in: folder)
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(!folder.exists("rm"))
  }
}
