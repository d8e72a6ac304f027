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
        // The mean over completions of the mean over tokens; the penalty has no slope here.
        let advantage = try #require(token["advantage"]?.double)
        let expected = -advantage / Double(completions.count * tokens.count)
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
    #expect(
      outcome.problems.contains {
        $0.hasSuffix(
          "run: belongs to another recipe: train.algorithm: differs (got ppo-clip; need grpo)")
      }, "\(outcome.errors)")
    #expect(!outcome.errors.contains("move that directory away"))
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
    #expect(outcome.output.contains("∂loss/∂log π"))
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

  @Test func withoutAPolicyItSaysWhatMakesOne() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("explain", "recipe.yaml", in: folder)
    #expect(outcome.status != 0)
    #expect(outcome.problems.count == 1)
    #expect(outcome.help?.contains("grpo sft") == true)
  }
}
