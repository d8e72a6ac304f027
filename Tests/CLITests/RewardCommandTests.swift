import Formats
import Foundation
import TestSupport
import Testing

@Suite struct RewardCommandTests {
  @Test func aCommandIsTried() async throws {
    let folder = try Workspace()
    try await folder.writeExecutable(
      "score.py",
      """
      #!/usr/bin/env python3
      import json, sys
      for line in sys.stdin:
          request = json.loads(line)
          rewards = [float(c == l) for c, l in zip(request["completions"], request["labels"])]
          reply = {"rewards": rewards, "metrics": {"count": len(rewards)}, "id": request["id"]}
          print(json.dumps(reply), flush=True)
      """)
    let words = [
      "reward", "test", "--data", "train.jsonl", "--limit", "2", "--timeout", "86400", "--command",
      "./score.py",
    ]
    let shown = try await GrpoProgram.run(words, in: folder)
    #expect(shown.status == 0, "\(shown.errors)")
    #expect(shown.errors.isEmpty)
    #expect(shown.output.hasPrefix("score "))
    #expect(shown.output.contains("\nhostile: empty "))
    let encoded = try await GrpoProgram.run(words + ["--json"], in: folder)
    let json = try JSON(parsing: Array(encoded.output.utf8.dropLast()), file: "output")
    let scores = try #require(json["scores"]?.array)
    #expect(scores.first?["kind"] == "answer" && scores.first?["reward"] == 1.0)
    #expect(json["warnings"] == [])
    #expect(json["metrics"]?["count"]?.double == Double(scores.count))
  }

  /// A process inherits from its parent that it is not told of the end of its children.
  @Test func aCommandThatDiesIsNoticedUnderAParentThatIgnoresSuch() async throws {
    let folder = try Workspace()
    try await folder.writeExecutable(
      "die.sh", "#!/bin/sh\nread -r line; echo '{\"rewards\": []}'; read -r line; exit 3\n")
    let streams = try GrpoProgram.Streams(in: folder)
    let process = try await GrpoProgram.start(
      [
        "reward", "test", "--data", "train.jsonl", "--limit", "1", "--timeout", "86400",
        "--command", "./die.sh",
      ], in: folder.path, wrapper: ["/usr/bin/env", "--ignore-signal=CHLD"],
      output: streams.output, errors: streams.errors)
    let outcome = try streams.outcome(status: try await GrpoProgram.end(process))
    #expect(outcome.output.contains("failed: it ended (exit status 3)"), "\(outcome)")
  }

  @Test func allRewardsOfARecipeAreTriedAndDoubtsAreTold() async throws {
    let folder = try Workspace()
    try folder.edit("\nevaluation:", "\n  - { name: length_band, max: 100 }\nevaluation:")
    let shown = try await GrpoProgram.run("reward", "test", "recipe.yaml", in: folder)
    #expect(shown.status == 0)
    #expect(shown.errors.contains("warning: length_band: it is constant: "))
    #expect(!shown.errors.contains("warning: exact_match"))
  }

  @Test func aFunctionThatFailsEndsTheTest() async throws {
    let folder = try Workspace()
    try folder.write(
      "rewards.py",
      """
      def bad(completions, **kwargs): raise ValueError("see http://me:pw@host/x?key")
      def text(completions, **kwargs): return ["3"] * len(completions)
      def hostile(solution_str, ground_truth, **kwargs):
          if len(solution_str) > 50: raise ValueError("long")
          return solution_str == ground_truth
      """)
    func test(_ name: String, _ more: String...) async throws -> GrpoProgram.Outcome {
      try await GrpoProgram.run(
        ["reward", "test", "--data", "train.jsonl", "--python", "rewards.py:\(name)"] + more,
        in: folder)
    }
    for words in [[], ["--json"]] {
      let bad = try await test("bad", words.first ?? "--limit=8")
      #expect(bad.status == 69)
      #expect(
        bad.errors.contains(
          "error: reward 'bad': 16 of 16 scores failed: ValueError: see http://***@host/x?***\n"))
      #expect(!(bad.output + bad.errors).contains("pw@"))
      #expect(bad.output.contains("hostile: empty"))
    }
    let text = try await test("text")
    #expect(text.status == 69 && text.errors.contains("got '3'; need a number or None"))
    let hostile = try await test("hostile", "--style", "verl")
    #expect(hostile.status == 0, "\(hostile.errors)")
    #expect(hostile.errors.contains(" scores failed: ValueError: long"))
  }

  @Test func aCommandWithoutIDsIsRefusedOrWarnedAbout() async throws {
    let folder = try Workspace()
    try await folder.writeExecutable(
      "score.sh",
      "#!/bin/sh\nread line; echo '{\"rewards\": []}'; while read line; do echo '{\"error\": \"no\"}'; done\n"
    )
    let words = [
      "reward", "test", "--data", "train.jsonl", "--timeout", "86400", "--command", "./score.sh",
    ]
    let refused = try await GrpoProgram.run(words, in: folder)
    #expect(refused.status == 69)
    #expect(refused.errors.contains("error: reward 'score': its reply has no id, "))
    #expect(refused.errors.contains("\nhelp: a program adds \"id\": request[\"id\"]"))
    let warned = try await GrpoProgram.run(words + ["--ids", "off"], in: folder)
    #expect(warned.errors.contains("warning: score: ids are off: nothing tells "))
    #expect(warned.errors.contains("16 of 16 scores failed: no"))
  }

  static let mistakes: [(words: [String], status: Int32, message: String)] = [
    (["recipe.yaml", "--python", "a.py:f"], 64, "a recipe and --python"),
    ([], 64, "nothing to try"), (["--command", "./x"], 64, "need --data"),
    (["--command", "./none.sh", "--data", "train.jsonl"], 69, "reward 'none': cannot start"),
    (["--python", "none.py:f", "--data", "train.jsonl"], 69, "reward 'f': cannot start"),
    (
      ["--command", "sh score.sh", "--data", "train.jsonl"], 69,
      "in PATH; the program and its arguments are texts of their own: 'sh' 'score.sh'\n"
    ),
    (
      ["--command", "./x", "--conversational", "--data", "x"], 64, "--conversational has no effect"
    ),
    (["recipe.yaml", "--timeout", "1"], 64, "--timeout: has no effect with a recipe"),
    (["--model", "none", "--timeout", "1", "--data", "x"], 64, "--timeout: has no effect"),
    (["--command", "./x", "--interpreter", "python3", "--data", "x"], 64, "without --python"),
    (["--url", "http://x", "--ids", "off", "--data", "x"], 64, "without --command"),
    (["recipe.yaml", "--range", "-1,-2"], 64, "got -1,-2; need two numbers"),
    (["--model", "none", "--data", "train.jsonl"], 66, "none/config.json"),
    (["--url", "file:///x", "--data", "train.jsonl"], 78, "got file:///x"),
    (
      ["--library", "none.so", "--timeout", "86400", "--data", "train.jsonl"], 69,
      "none.so: cannot open shared object"
    ),
    (["recipe.yaml", "--range", "1,0"], 64, "need two numbers"),
    (["recipe.yaml", "--data", "none.jsonl"], 66, "none.jsonl"),
  ]

  @Test(arguments: mistakes)
  func mistakesAreTold(words: [String], status: Int32, message: String) async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(["reward", "test"] + words, in: folder)
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    // A test that fails does not advise a test.
    #expect(!outcome.errors.contains("reward test tries"))
    #expect(outcome.output.isEmpty)
  }

  @Test func aFunctionOfConversationsIsTried() async throws {
    let folder = try Workspace()
    try folder.write(
      "rewards.py",
      "def f(completions, **kwargs): return [float(c[0]['content'].isdigit()) for c in completions]"
    )
    let words = [
      "reward", "test", "--python", "rewards.py:f", "--data", "train.jsonl", "--timeout", "86400",
    ]
    let refused = try await GrpoProgram.run(words, in: folder)
    #expect(refused.status == 69 && refused.errors.contains("conversational: true"))
    let tried = try await GrpoProgram.run(words + ["--conversational"], in: folder)
    #expect(tried.status == 0, "\(tried.errors)")
  }

  /// A library that ends its process, in one of its own and in the trainer's.
  @Test(arguments: [
    ("abort();", "crashed with SIGABRT"),
    ("exit(0);", "called exit, which ends the program that it is loaded into"),
  ])
  func aLibraryThatEndsItsProcessIsNamed(body: String, problem: String) async throws {
    let folder = try Workspace()
    try await library(folder, body)
    let words = ["--timeout", "86400", "--data", "train.jsonl"]
    let apart = try await GrpoProgram.run(
      ["reward", "test", "--library", "reward.so"] + words, in: folder)
    #expect(apart.status == 69)
    #expect(apart.errors.contains("its last error line: error: library /"), "\(apart.errors)")
    #expect(apart.errors.contains("/reward.so: \(problem)\n"))
    // What ends the program with a signal writes the same line there.
    guard body == "exit(0);" else { return }
    try folder.edit("\nevaluation:", "\n  - { library: reward.so, isolated: false }\nevaluation:")
    let within = try await GrpoProgram.run(["reward", "test", "recipe.yaml"], in: folder)
    #expect(within.errors == "error: library \(folder["reward.so"]): \(problem)\n")
    #expect(within.status == 70)
  }

  @Test func aLibraryThatReadsStandardInputReadsNoRequest() async throws {
    let folder = try Workspace()
    try await library(
      folder,
      "char byte; for (size_t i = 0; i < count; i++) rewards[i] = read(0, &byte, 1); return 0;")
    let outcome = try await GrpoProgram.run(
      [
        "reward", "test", "--library", "reward.so", "--timeout", "86400", "--data", "train.jsonl",
        "--limit", "1",
      ], in: folder)
    #expect(outcome.status == 0 && !outcome.output.contains("failed"), "\(outcome.errors)")
    #expect(!outcome.output.contains("  1  "), "\(outcome.output)")
  }

  /// Compiles `reward.so`, whose score function does this.
  private func library(_ folder: Workspace, _ body: String) async throws {
    try folder.write(
      "reward.c",
      """
      #include "grpo_reward.h"
      #include <stdlib.h>
      #include <unistd.h>
      int32_t grpo_reward_version(void) { return GRPO_REWARD_VERSION; }
      int32_t grpo_reward_score(int64_t step, const grpo_completion *c, size_t count,
                                double *rewards, int32_t *status, char *message, size_t size) {
        \(body)
      }
      """)
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let compiler = try await ChildProcess([
      "clang", "-shared", "-fPIC", "-I", root + "/Sources/CRewardLibrary/include", "-o",
      folder["reward.so"], folder["reward.c"],
    ])
    try #require(
      try await compiler.end() == .exit(0), "clang is needed, and must compile the reward")
  }

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

  @Test(arguments: [
    (
      "{\"prompt\": \"a\", \"chosen\": \"b\"}", 65,
      "pairs.jsonl: rejected: no such column (got the columns \"prompt\", \"chosen\""
    ),
    ("", 65, "pairs.jsonl: holds no rows"),
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
