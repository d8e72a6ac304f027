import ArgumentParser
import Recipes
import Training

/// What a command is given that makes stages of a recipe.
struct StageOptions: ParsableArguments {
  @OptionGroup var changed: RecipeOptions

  @Option(parsing: .unconditional, help: "Ends the stage after this many steps.")
  private var steps: Int?

  @Flag(help: "Prints the summary as JSON, and warnings and errors as lines of JSON.")
  var json = false

  @OptionGroup var accepted: AcceptedDifferences

  /// - Parameter key: What `--steps` sets.
  func limit(_ key: String) -> RecipeOptions.Steps? {
    steps.map { RecipeOptions.Steps(key: key, count: $0) }
  }

  /// Prints what came of a run, and throws where that rests on scores that failed.
  func report(_ summary: TrainingRun.Summary, of resolved: Recipe) throws {
    try TrainingReport(
      summary, recipe: resolved, shownRecipe: changed.shownRecipe(of: summary.run, resolved)
    ).write(json: json)
    if let failure = summary.failure { throw failure }
  }

  /// As ``RecipeOptions/withRun(of:accepting:savesAtInterrupt:_:)`` does.
  func withRun<Result>(
    of recipe: Recipe, _ body: (TrainingRun) async throws -> Result
  ) async throws -> Result {
    try await changed.withRun(of: recipe, accepting: accepted, body)
  }
}

/// What may differ from what a run began with.
struct AcceptedDifferences: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Accepts that this recipe key, or a file it names, has changed since the run began; "
        + "repeatable.",
      valueName: "field"), completion: .keys)
  var allow: [String] = []
}
