import Formats
import Foundation
import TestSupport
import Testing

@Suite struct RewardTestCommandTests {
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
    #expect(shown.output.contains("\nadversarial: empty "))
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
      def adversarial(solution_str, ground_truth, **kwargs):
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
          "reward 'bad': 16 of 16 scores failed: ValueError: see http://***@host/x?***"))
      #expect(!(bad.output + bad.errors).contains("pw@"))
      #expect(bad.output.contains("adversarial: empty"))
    }
    let text = try await test("text")
    #expect(text.status == 69 && text.errors.contains("got '3'; need a number or None"))
    let adversarial = try await test("adversarial", "--style", "verl")
    #expect(adversarial.status == 0, "\(adversarial.errors)")
    #expect(adversarial.errors.contains(" scores failed: ValueError: long"))
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
    #expect(warned.errors.contains("warning: score: ids are off: a late or early line "))
    #expect(warned.errors.contains("16 of 16 scores failed: no"))
  }

  static let mistakes: [(words: [String], status: Int32, message: String)] = [
    (["recipe.yaml", "--python", "a.py:f"], 64, "a recipe and --python"),
    ([], 64, "nothing to try"), (["--command", "./x"], 64, "need --data"),
    (["--command", "./none.sh", "--data", "train.jsonl"], 69, "reward 'none': cannot start"),
    (["--python", "none.py:f", "--data", "train.jsonl"], 69, "reward 'f': cannot start"),
    (
      ["--command", "sh score.sh", "--data", "train.jsonl"], 69,
      "in PATH; give the program and each argument as separate texts: 'sh' 'score.sh'\n"
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
    #expect(refused.status == 69)
    let hint =
      "; if the function expects lists of messages, set conversational: true (or --conversational)"
    #expect((refused.output + refused.errors).components(separatedBy: hint).count == 2)
    #expect(refused.problems.first?.hasSuffix(hint) == true, "\(refused.errors)")
    #expect(refused.output.contains("failed: TypeError: "))
    let tried = try await GrpoProgram.run(words + ["--conversational"], in: folder)
    #expect(tried.status == 0, "\(tried.errors)")
  }
}
