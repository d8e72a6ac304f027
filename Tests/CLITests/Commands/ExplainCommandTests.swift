import Formats
import Foundation
import Testing

@Suite struct ExplainCommandTests {
  /// A folder in which the policy has its warm start.
  private func startedFolder() async throws -> Workspace {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return folder
  }

  private func explain(_ folder: Workspace, _ arguments: String...) async throws -> JSONObject {
    let outcome = try await GrpoProgram.run(
      ["explain", "recipe.yaml", "--json"] + arguments, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(
      try JSONLines.lines(Array(outcome.output.utf8), file: "output").first?.object)
  }

  /// Every completion's tokens.
  private func tokens(_ explanation: JSONObject) throws -> [[JSON]] {
    try #require(explanation["completions"]?.array).map { try #require($0["tokens"]?.array) }
  }

  @Test func withoutAnUpdateEveryRatioIsOneAndTheCoefficientIsTheAdvantages() async throws {
    let folder = try await startedFolder()
    let explanation = try await explain(folder, "--updates", "0", "--question", "3")
    let completions = try tokens(explanation)
    #expect(explanation["prompt"]?.string?.hasSuffix("=") == true)
    var largest = 0.0
    for tokens in completions {
      for token in tokens {
        #expect(token["ratio"]?.double == 1)
        #expect(token["kl"]?.double == 0)
        #expect(token["clipped"]?.bool == false)
        // The mean over the completions of both questions of the step of the mean over tokens; the
        // penalty has no slope here.
        let advantage = try #require(token["advantage"]?.double)
        let expected = -advantage / Double(2 * completions.count * tokens.count)
        #expect(abs(try #require(token["coefficient"]?.double) - expected) < 1e-12)
        largest = max(largest, abs(advantage))
      }
    }
    #expect(largest > 0)
  }

  @Test func theStepIsTheNextOneOfTheLogs() async throws {
    let folder = try await startedFolder()
    #expect(try await explain(folder)["step"]?.int == 1)
    let trained = try await GrpoProgram.run("train", "recipe.yaml", "-q", in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let steps = try JSONLines.lines(folder.bytes("run/metrics.jsonl"), file: "metrics").count
    let next = try #require(try await explain(folder)["step"]?.int)
    #expect(next == steps + 1)
    let text = try await GrpoProgram.run("explain", "recipe.yaml", in: folder)
    #expect(text.outputLines.contains { $0.hasPrefix("step \(next), after ") }, "\(text.output)")
  }

  @Test func aRunOfAnotherRecipeIsSaidToBeOne() async throws {
    let folder = try await startedFolder()
    let trained = try await GrpoProgram.run("train", "recipe.yaml", "-q", in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--set", "train.algorithm=ppo-clip", "--set",
      "train.num_mini_batches=2", in: folder)
    #expect(outcome.status == 78)
    #expect(outcome.problems.count == 1, "\(outcome.errors)")
    let line = try #require(outcome.errors.split(separator: "\n").first)
    #expect(
      line.contains(
        #/^error: run: was started with another recipe: train\.algorithm, train\.[a-z_.]+, /#
      ) && line.contains(#/ and \d+ more differ$/#), "\(outcome.errors)")
    #expect(outcome.errors.components(separatedBy: "another recipe").count == 2)
    let json = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--set", "train.algorithm=ppo-clip", "--set",
      "train.num_mini_batches=2", "--json", in: folder)
    let lines = try JSONLines.lines(Array(json.errors.utf8), file: "errors").map(\.object)
    let error = lines.last?["error"]
    #expect(
      error?["message"]?.string
        == "run: was started with another recipe: train.algorithm: differs (got "
        + "ppo-clip; need grpo)")
    #expect((error?["others"]?.array?.count ?? 0) > 3)
    #expect(!outcome.errors.contains("move that directory away"))
  }

  /// Also where the question is none of the step's, and the step is looked at twice.
  @Test(arguments: [[], ["--question", "0"], ["--question", "1"]])
  func aChangedRecipeThatFitsIsExplainedWithOneWarning(_ question: [String]) async throws {
    let folder = try await startedFolder()
    let trained = try await GrpoProgram.run("train", "recipe.yaml", "-q", in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let outcome = try await GrpoProgram.run(
      ["explain", "recipe.yaml", "--set", "train.dynamic_sampling_rounds=1"] + question,
      in: folder)
    let warnings = outcome.errors.split(separator: "\n").filter {
      $0.contains("was started with another recipe: train.dynamic_sampling_rounds: differs")
    }
    #expect(warnings.count == 1, "\(outcome.errors)")
  }

  @Test func severalChangedKeysAreOneWarningAndAListInTheJSON() async throws {
    let folder = try await startedFolder()
    let trained = try await GrpoProgram.run("train", "recipe.yaml", "-q", in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--json", "--set", "train.dynamic_sampling_rounds=1", "--set",
      "train.beta=0.25", "--set", "train.epsilon=0.125", "--set", "train.temperature=0.5",
      in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let explanation = try JSON(parsing: Array(outcome.output.utf8.dropLast()), file: "output")
    let differences = try #require(explanation["recipe_differences"]?.array)
    let fields = differences.compactMap { $0["field"]?.string }
    #expect(fields.count == differences.count && fields.count >= 4)
    #expect(differences.contains { $0["field"] == "train.beta" && $0["got"] == "0.25" })
    let warnings = outcome.errors.split(separator: "\n").filter { $0.contains("another recipe") }
    #expect(warnings.count == 1, "\(outcome.errors)")
    #expect(
      warnings.first?.contains(
        "the run was started with another recipe: \(fields.prefix(3).joined(separator: ", ")) and "
          + "\(fields.count - 3) more differ") == true, "\(outcome.errors)")
  }

  @Test func aFinishedRunWithoutItsCheckpointsHasNoNextStep() async throws {
    let folder = try await startedFolder()
    let trained = try await GrpoProgram.run("train", "recipe.yaml", "-q", in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    try FileManager.default.removeItem(atPath: folder["run/checkpoints"])
    let outcome = try await GrpoProgram.run("explain", "recipe.yaml", in: folder)
    #expect(outcome.status == 65)
    #expect(outcome.errors.contains("its checkpoint is missing"), "\(outcome.errors)")
  }

  @Test func anExactDivergenceIsShownWithoutALogProbOfTheReference() async throws {
    let folder = try await startedFolder()
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--set", "train.beta=0.1", "--set", "train.kl_estimator=exact",
      in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let title = try #require(outcome.outputLines.first { $0.hasPrefix("token") })
    #expect(title.contains("KL") && !title.contains("log π_ref"))
  }

  @Test func nothingIsWritten() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--set", "warm_start=null", "--output", "new", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/new"))
  }

  @Test func anUpdateMovesTheRatiosThatItShows() async throws {
    let folder = try await startedFolder()
    let explanation = try await explain(folder, "--updates", "2", "--question", "3")
    #expect(explanation["updates"]?.int == 2)
    var moved = 0
    for token in try tokens(explanation).joined() {
      let difference =
        try #require(token["logprob"]?.double) - #require(token["old_logprob"]?.double)
      let ratio = try #require(token["ratio"]?.double)
      #expect(abs(ratio - exp(difference)) < 1e-12)
      if ratio != 1 { moved += 1 }
    }
    #expect(moved > 0)
  }

  @Test func forPeopleEachCompletionIsATableAndNothingIsWritten() async throws {
    let folder = try await startedFolder()
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder["run"]).sorted()
    let outcome = try await GrpoProgram.run("explain", "recipe.yaml", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.outputLines[1].contains(#/^step 1, after \d+ updates? on these completions/#))
    #expect(
      outcome.outputLines.last?.hasPrefix("∂L/∂log π: negative makes the token more probable")
        == true, "\(outcome.output)")
    #expect(!outcome.output.contains("-0.0000"))
    let after = try FileManager.default.subpathsOfDirectory(atPath: folder["run"]).sorted()
    #expect(before == after)
  }

  @Test func aQuestionThatIsNotThereIsRefused() async throws {
    let folder = try await startedFolder()
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--question", "64", in: folder)
    #expect(outcome.status != 0)
    #expect(outcome.problems.count == 1 && outcome.problems[0].contains("64"))
  }

  private static let rewards = """
    def broken(completions, **columns):
        raise ValueError("no such luck")

    def huge(completions, **columns):
        return [1e308 if i else 0 for i in range(len(completions))]

    def large(completions, **columns):
        return [1e200 * i for i in range(len(completions))]

    def some(completions, **columns):
        return [None if i else 0.5 for i in range(len(completions))]
    """

  private func explained(
    by reward: String, _ arguments: String...
  ) async throws -> GrpoProgram.Outcome {
    let folder = try Workspace()
    try folder.write("rewards.py", Self.rewards)
    return try await GrpoProgram.run(
      [
        "explain", "recipe.yaml", "--set", "warm_start=null", "--set",
        "rewards=[{ python: 'rewards.py:\(reward)', timeout: 86400, start_timeout: 86400 }]",
      ] + arguments, in: folder)
  }

  @Test func aRewardThatFailsIsNamedAndEndsAsItEndsARun() async throws {
    let text = try await explained(by: "broken")
    #expect(text.status == 69, "\(text.errors)")
    #expect(text.output.contains("  reward –  (broken failed)\nbroken failed: "))
    #expect(text.output.contains("no such luck"))
    #expect(
      text.problems.first?.hasPrefix("error: step 1: 8 of 8 rewards failed: broken: ") == true,
      "\(text.errors)")
    let json = try await explained(by: "broken", "--json")
    #expect(json.status == 69)
    let explanation = try JSON(parsing: Array(json.output.utf8), file: "output")
    #expect(
      explanation["completions"]?.array?.first?["failures"]?["broken"]?.string?
        .contains("no such luck") == true)
    #expect(explanation["failure"]?.string?.hasPrefix("step 1: 8 of 8 rewards failed") == true)
    let silent = try await explained(by: "some")
    #expect(silent.status == 0, "\(silent.errors)")
    #expect(silent.output.contains("  reward –  (some –)\n"))
  }

  @Test(arguments: [
    ("huge", "an advantage overflows: the rewards are as large as 1e+308"),
    ("large", "the deviation of the rewards overflows: the rewards are as large as 7e+200"),
  ])
  func rewardsThatOverflowAreNamed(reward: String, problem: String) async throws {
    let outcome = try await explained(by: reward)
    #expect(outcome.status == 70, "\(outcome.errors)")
    #expect(outcome.problems.first == "error: step 1: \(problem)")
    #expect(!outcome.output.contains("nan"))
  }

  @Test func itsHelpHasNoOptionOfARun() async throws {
    let folder = try Workspace()
    let help = try await GrpoProgram.run("explain", "--help", in: folder)
    #expect(!help.output.contains("--steps") && !help.output.contains("summary"))
    let outcome = try await GrpoProgram.run("explain", "recipe.yaml", "--steps", "3", in: folder)
    #expect(outcome.status == 64)
    #expect(outcome.problems.first?.hasPrefix("error: Unknown option '--steps'") == true)
  }

  @Test func aNegativeQuestionIsRefusedInWords() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--question", "-1", in: folder)
    #expect(outcome.status == 64)
    #expect(outcome.problems == ["error: --question: got -1; need 0 or more"])
  }

  /// Completions that move with the update are named on their side, with log-probs of the JSON.
  @Test func aSentenceSaysWhatTheUpdateDoes() async throws {
    let folder = try await startedFolder()
    let explanation = try await explain(folder)
    let completions = try #require(explanation["completions"]?.array)
    let moves = try completions.map { completion in
      let before = try #require(completion["logprob"]?.double)
      let after = try #require(completion["next_logprob"]?.double)
      return (text: try #require(completion["completion"]?.string), change: after - before)
    }
    let text = try await GrpoProgram.run("explain", "recipe.yaml", in: folder)
    let sentence = try #require(text.outputLines.first { $0.hasPrefix("This update makes ") })
    let up = try #require(moves.max { $0.change < $1.change })
    let down = try #require(moves.min { $0.change < $1.change })
    try #require(up.change > 0 && down.change < 0)
    let parts = sentence.split(separator: " more probable and ")
    try #require(parts.count == 2)
    let number = "(log π of the completion −"
    #expect(parts[0].hasPrefix("This update makes \"\(up.text.visible())\" \(number)"))
    #expect(parts[1].hasPrefix("\"\(down.text.visible())\" \(number)"))
    let right = completions.count { $0["correct"]?.bool == true }
    #expect(
      sentence.contains(
        "; \(right) of 4 completions \(right == 1 ? "was" : "were") right"), "\(sentence)")
    #expect(
      text.output.contains(
        "chosen from the step's 2 questions because its rewards differ most"))
  }

  @Test func equalRewardsAreSaidToTeachNothing() async throws {
    let folder = try await startedFolder()
    let equal = ["--set", "rewards=[{ name: length_band, max: 1000 }]"]
    let text = try await GrpoProgram.run(["explain", "recipe.yaml"] + equal, in: folder)
    #expect(
      text.outputLines.contains(
        "All rewards equal: nothing to learn from any question of this step."), "\(text.output)")
    #expect(!text.output.contains("This update makes"))
    let found = try await GrpoProgram.run(["explain", "recipe.yaml", "--json"] + equal, in: folder)
    let json = try JSON(parsing: Array(found.output.utf8), file: "output")
    #expect(json["nothing_to_learn"]?.bool == true)
    #expect(json["step_questions_with_nothing_to_learn"]?.int == 2)
  }

  /// Advantages of a value function are not 0 where the rewards are equal.
  @Test func equalRewardsOfAllQuestionsAreNoReasonForTheChoice() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--set", "warm_start=null", "--set", "train.algorithm=ppo-clip",
      "--set", "train.num_mini_batches=2", "--set",
      "rewards=[{ name: length_band, max: 1000 }]", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.outputLines.contains(
        "the first of the step's 2 questions: no question's rewards differ"), "\(outcome.output)")
    #expect(!outcome.output.contains("differ most"))
  }

  @Test func identicalCompletionsAreShownOnceWithTheirCount() async throws {
    let folder = try await startedFolder()
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--set", "train.temperature=0.001", in: folder)
    #expect(outcome.outputLines.count { $0.hasPrefix("\"") } == 1)
    #expect(outcome.output.contains("\" × 4  reward "), "\(outcome.output)")
  }

  @Test func theTableOfALongCompletionIsCut() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--set", "warm_start=null", "--set",
      "train.max_completion_length=24", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    let cut = try #require(lines.firstIndex { $0 == "…" })
    #expect(lines[cut - 17].hasPrefix("token "))
    #expect(lines[cut + 5] == "… stands for 4 tokens, which --json shows")
  }

  @Test(arguments: [
    ("grpo", "token ratio"), ("gspo", "completion ratio"), ("gmpo", "completion ratio"),
    ("vespo", "token ratio"),
  ])
  func theRatiosTitleSaysWhoseItIs(algorithm: String, title: String) async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "explain", "recipe.yaml", "--set", "warm_start=null", "--set",
      "train.algorithm=\(algorithm)", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.outputLines.first { $0.hasPrefix("token") }?.contains(title) == true)
  }

  @Test func withoutAPolicyItSaysWhatMakesOne() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("explain", "recipe.yaml", in: folder)
    #expect(outcome.status != 0)
    #expect(outcome.problems.count == 1)
    #expect(outcome.help?.contains("grpo sft") == true)
  }
}
