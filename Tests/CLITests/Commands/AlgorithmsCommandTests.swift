import Formats
import Testing

@Suite struct AlgorithmsCommandTests {
  private static let names = [
    "reinforce", "reinforce-baseline", "actor-critic", "natural-gradient", "trpo", "ppo-clip",
    "ppo-kl", "ppo-adaptive-kl", "grpo", "grpo-softmax", "grpo-rank", "grpo-process", "dr-grpo",
    "dapo", "gspo", "luspo", "gmpo", "cispo", "sapo", "vespo", "gdpo", "maxrl", "rloo",
    "reinforce-plus-plus", "remax", "trl",
  ]

  @Test func everyPresetHasALine() async throws {
    let outcome = try await GrpoProgram.run("algorithms", in: try Workspace())
    #expect(outcome.status == 0)
    #expect(outcome.outputLines.map { String($0.prefix { $0 != " " }) } == Self.names)
    #expect(outcome.outputLines.allSatisfy { $0.count > 21 })
  }

  @Test func aPresetsKeysInARecipeAreThePreset() async throws {
    for name in Self.names {
      let folder = try Workspace()
      try folder.edit("questions_per_step: 2", "questions_per_step: 4")
      let outcome = try await GrpoProgram.run(
        "algorithms", name, "--max-completion-length", "6", "--json", in: folder)
      let line = try #require(
        try JSONLines.lines(Array(outcome.output.utf8), file: "output").first)
      guard case .object(let keys)? = line.object[name]?["keys"] else {
        Issue.record("\(name) has no keys")
        continue
      }
      #expect(keys["num_iterations"] != nil)
      // A recipe that spells out every key is read; that there is no policy yet stops it then.
      let settings = keys.entries.flatMap { ["--set", "train.\($0.key)=\($0.value.string ?? "")"] }
      if keys["update"]?.string != "adam" {
        // A trust region finds its own step size.
        let text = try folder.text("recipe.yaml")
        try folder.write(
          "recipe.yaml", text.replacing("  learning_rate: 3.0e-3\n", with: ""))
      }
      let explained = try await GrpoProgram.run(
        ["explain", "recipe.yaml", "--set", "train.algorithm=\(name)"] + settings, in: folder)
      #expect(explained.problems.count == 1)
      #expect(
        explained.problems.first?.contains("there is no policy to start from") == true,
        "\(name): \(explained.errors)")
    }
  }

  @Test func anUnknownNameGetsTheClosest() async throws {
    let outcome = try await GrpoProgram.run("algorithms", "gprpo", in: try Workspace())
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("did you mean grpo?"))
  }
}
