import Formats
import Testing
import Training

@Suite struct RecipeRewardTests {
  private func rewards(_ items: String) throws -> [Recipe.Reward] {
    try SampleRecipe.recipe(replacing: "  - exact_match\n", with: items).rewards
  }

  @Test func aNameAloneIsABuiltInScore() throws {
    #expect(
      try SampleRecipe.recipe().rewards == [Recipe.Reward(.builtIn("exact_match", options: [:]))])
  }

  @Test func optionsAreKeptWithTheirTypes() throws {
    let reward = try rewards("  - { name: regex, label: form, weight: -2, pattern: \"1e5\" }\n")[0]
    #expect(reward.label == "form")
    #expect(reward.weight == -2)
    #expect(reward.source == .builtIn("regex", options: ["pattern": "1e5"]))
  }

  @Test func optionsComeBackWithTheirTypes() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "  - exact_match\n", with: "  - { name: regex, pattern: \"1e5\" }\n")
    let text = recipe.resolvedYAML(relativeTo: "/home/r")
    #expect(text.contains("pattern: \"1e5\"\n"))
    #expect(try Recipe(yaml: text, file: "/home/r/recipe.yaml") == recipe)
  }

  @Test func aCommandRunsInTheFolderOfTheRecipe() throws {
    let rewards = try rewards(
      "  - command: [./tools/score.v2.py, -v]\n    timeout: 2.5\n"
        + "  - { command: [python3, score.py], name: slow, directory: ../x }\n")
    #expect(rewards.map(\.label) == ["score", "slow"])
    guard case .command(let first) = rewards[0].source,
      case .command(let second) = rewards[1].source
    else {
      Issue.record("commands were read as something else")
      return
    }
    #expect(first.arguments == ["./tools/score.v2.py", "-v"])
    #expect(first.executable == "/home/r/tools/score.v2.py")
    #expect((first.directory, first.timeoutSeconds) == ("/home/r", 2.5))
    #expect((second.executable, second.directory) == ("python3", "/home/x"))
    #expect(second.timeoutSeconds == 30)
  }

  @Test(arguments: [("./.score", ".score"), ("/", "command"), ("a/b.c/d", "d"), ("..", "..")])
  func aCommandIsCalledLikeItsProgram(_ program: String, _ label: String) throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "  - exact_match\n", with: "  - { command: [\(program)] }\n")
    #expect(recipe.rewards.map(\.label) == [label])
    #expect(try recipe.validated() == recipe)
  }

  @Test(arguments: [
    BadRecipe(
      "  - exact_match", "  - exact_mach",
      "23: rewards.0: unknown reward 'exact_mach'; did you mean exact_match? (need a command, or "
        + "one of exact_match, numeric_match, contains, regex, think_answer_format, gsm8k, "
        + "step_match)"),
    BadRecipe(
      "  - exact_match", "  - name: exact_match\n    ignore_cases: true",
      "24: rewards.0: ignore_cases: unknown option of exact_match; did you mean ignore_case? (need "
        + "one of extract, ignore_case)"),
    BadRecipe(
      "  - exact_match", "  - name: exact_match\n    weight: .nan",
      "24: rewards.0.weight: is not a number (got .nan; need a number from -1000000 to 1000000)"),
    BadRecipe(
      "  - exact_match", "  - weight: 2", "23: rewards.0.name: is missing (need a text)"),
    BadRecipe(
      "  - exact_match", "  - exact_match\n  - exact_match",
      "24: rewards.1: has the name of an earlier reward (got exact_match; need another label)"),
    BadRecipe(
      "  - exact_match", "  - [a]",
      "23: rewards.0: is not a map (got a list; need a map of keys)"),
    BadRecipe(
      "  - exact_match", "  - command: ./score.py",
      "23: rewards.0.command: is not a list (got ./score.py; need a list of 1 to 256 items, each a "
        + "text)"),
    BadRecipe(
      "  - exact_match", "  - { command: [a], timeout: 0 }",
      "23: rewards.0.timeout: is out of range (got 0; need a number above 0, at most 86400)"),
    BadRecipe(
      "  - exact_match", "  - { command: [a], time_out: 1 }",
      "23: rewards.0.time_out: unknown key (did you mean timeout?)"),
  ])
  func namesTheRewardThatIsWrong(_ bad: BadRecipe) throws {
    let error = try SampleRecipe.error(replacing: bad.old, with: bad.new)
    #expect(error == bad.error)
  }
}
