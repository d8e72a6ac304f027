import Formats
import Rewards
import Testing

@Suite struct RewardListCommandTests {
  @Test func everyBuiltInRewardIsListedWithAnExampleThatARecipeTakes() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("reward", "list", in: folder)
    #expect(outcome.status == 0)
    let examples = outcome.outputLines.filter { $0.hasPrefix("  - {") }
    #expect(examples.count == BuiltInReward.names.count)
    for (name, example) in zip(BuiltInReward.names, examples) {
      #expect(outcome.outputLines.contains { $0.hasPrefix("\(name): ") }, "\(name)")
      let entry = example.dropFirst("  - ".count)
      #expect(entry.hasPrefix("{ name: \"\(name)\""))
      // A recipe with the example is read; that there is no policy yet, or no column of the task,
      // stops it then.
      let tried = try await GrpoProgram.run(
        "explain", "recipe.yaml", "--set", "rewards=[\(entry)]", in: folder)
      #expect([65, 66].contains(tried.status), "\(name): \(tried.errors)")
    }
  }

  @Test func oneRewardHasItsOptionsWithWhatTheyMayBe() async throws {
    let outcome = try await GrpoProgram.run("reward", "list", "exact_match", in: try Workspace())
    #expect(
      outcome.outputLines == [
        "exact_match: 1 when the completion is the answer, else 0",
        "  extract       one of whole, answer_tag (whole)   the part of the completion that is compared",
        "  ignore_case   true or false (false)              compares by Unicode's case folding",
        "  - { name: \"exact_match\", ignore_case: true }",
      ])
  }

  @Test func theSameIsThereForPrograms() async throws {
    let outcome = try await GrpoProgram.run(
      "reward", "list", "length_band", "--json", in: try Workspace())
    let object = try JSON(parsing: Array(outcome.output.utf8), file: "output")
    let options = try #require(object["length_band"]?["options"]?.array)
    #expect(options.map { $0["name"]?.string } == ["unit", "min", "max", "slope"])
    #expect(options.map { $0["default"]?.string } == ["tokens", "0.0", nil, "0.0"])
    #expect(object["length_band"]?["example"] == ["name": "length_band", "max": 20, "slope": 10])
  }

  @Test func anUnknownNameIsRefusedWithTheNearest() async throws {
    let outcome = try await GrpoProgram.run("reward", "list", "exact_mach", in: try Workspace())
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("did you mean exact_match?"))
  }
}
