import ArgumentParser
import Formats
import Recipes
import Runs
import Training

/// `grpo sft`.
struct WarmStartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sft",
    abstract: "Warm-starts a recipe's policy: next-token training on questions with answers.")

  @OptionGroup var options: RecipeOptions
  @OptionGroup var accepted: AcceptedDifferences

  func run() async throws {
    let recipe = try options.resolved(steps: "warm_start.steps")
    guard recipe.warmStart != nil else {
      let isLeftOut = (try? Recipe(contentsOf: options.recipe))?.warmStart != nil
      throw Failure(
        .badRecipe,
        "\(options.recipe.visible()): warm_start: "
          + (isLeftOut ? "is left out, as a trained model needs none" : "is missing"),
        help: isLeftOut
          ? "--steps N asks for it all the same"
          : "give the recipe a warm_start with steps, batch_size and learning_rate")
    }
    let (run, findings) = try await options.withRun(of: recipe, accepting: accepted) { run in
      let findings = try await run.runWarmStart()
      return (run.run, findings)
    }
    if options.json {
      let summary: JSON = [
        "run": .string(run.path), "model": .string(run.warmStartModel),
        "metrics": .string(run.warmStartMetrics),
        "findings": .array(findings.map(\.encoded)),
      ]
      return try StandardOutput.write(line: summary.encoded())
    }
    for line in TrainingReport.lines(findings) { try StandardOutput.write(line: line) }
    try StandardOutput.write(
      line: """
        model    \(shownPath(run.warmStartModel).visible())
        metrics  \(shownPath(run.warmStartMetrics).visible())
        next     \(programName.shellQuoted) train \(options.arguments(stepsKey: "warm_start.steps"))
        """)
  }
}
