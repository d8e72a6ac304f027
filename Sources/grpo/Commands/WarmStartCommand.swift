import ArgumentParser
import Formats
import Recipes
import Runs
import Training

/// `grpo sft`.
struct WarmStartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sft",
    abstract: "Runs a recipe's warm start: supervised training on questions with answers.")

  @OptionGroup var options: StageOptions

  func run() async throws {
    let steps = options.limit("warm_start.steps")
    let recipe = try options.changed.resolved(steps)
    guard recipe.warmStart != nil else {
      let isLeftOut = (try? Recipe(contentsOf: options.changed.recipe))?.warmStart != nil
      throw Failure(
        .badRecipe,
        "\(options.changed.recipe.visible()): warm_start: "
          + (isLeftOut ? "is left out, as a trained model needs none" : "is missing"),
        help: isLeftOut
          ? "--steps N asks for it all the same"
          : "give the recipe a warm_start with steps, batch_size and learning_rate")
    }
    let (run, result) = try await options.withRun(of: recipe) { run in
      let result = try await run.runWarmStart()
      return (run.run, result)
    }
    if options.json {
      var summary: JSONObject = [
        "run": .string(run.path), "model": .string(run.warmStartModel),
        "metrics": .string(run.warmStartMetrics),
      ]
      if let result { summary["warm_start"] = .object(result.encoded) }
      summary["findings"] = .array((result?.findings ?? []).map(\.encoded))
      return try StandardOutput.write(line: JSON.object(summary).encoded())
    }
    if let result {
      for line in TrainingReport.lines(result.findings) { try StandardOutput.write(line: line) }
      try StandardOutput.write(line: "result   \(result.text)")
    }
    try StandardOutput.write(
      line: """
        model    \(shownPath(run.warmStartModel).visible())
        metrics  \(shownPath(run.warmStartMetrics).visible())
        next     \(programName.shellQuoted) train \(options.changed.arguments(steps))
        """)
  }
}
