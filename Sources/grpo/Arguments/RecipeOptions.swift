import ArgumentParser
import Formats
import Recipes
import Runs
import Training

/// The recipe, and what the command line changes of it.
struct RecipeOptions: ParsableArguments {
  @Argument(help: "The recipe, a YAML file.", completion: .recipes)
  var recipe: String

  @Option(parsing: .unconditional, help: "The source of every random number.")
  var seed: Int?

  @Option(
    help: "The directory of the run, from the current directory. (default: the recipe's output)",
    completion: .directory)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Sets a key of the recipe: train.beta=0.01; repeatable.",
      valueName: "key=value"), completion: .settings,
    transform: Assignment.init)
  var set: [Assignment] = []

  @OptionGroup var computing: ComputingOptions

  @Flag(name: .shortAndLong, help: "Shows only warnings and errors, no progress.")
  var quiet = false

  /// What `--steps` says, and the key that it sets.
  struct Steps {
    let key: String
    let count: Int
  }

  /// The recipe as resolved.
  func resolved(_ steps: Steps? = nil) throws -> Recipe {
    try checkEffectOfSettings(steps)
    var overrides = set.map(\.override)
    if let seed { overrides.append(.seed(seed)) }
    if let steps {
      try checkEffect(of: steps, overrides)
      overrides.append(
        RecipeOverride(option: "--steps", key: steps.key, value: String(steps.count)))
    }
    if let output { overrides.append(.output(output)) }
    return try Recipe(contentsOf: recipe, overrides: overrides)
  }

  /// The recipe as resolved, and its `train`.
  ///
  /// - Parameter help: what to do with a recipe that has none.
  func resolvedForTraining(
    _ steps: Steps? = nil, orElse help: String
  ) throws -> (Recipe, Recipe.Train) {
    let resolved = try resolved(steps)
    guard let train = resolved.train else {
      throw Failure(.badRecipe, "\(recipe.visible()): train: is missing", help: help)
    }
    return (resolved, train)
  }

  /// Throws where an option of its own decides what `--set` sets.
  private func checkEffectOfSettings(_ steps: Steps?) throws {
    let options = [
      ("--seed", seed == nil ? nil : "seed"), ("--steps", steps?.key),
      ("--output", output == nil ? nil : "output"),
    ]
    for (option, key) in options {
      if let key, let setting = set.first(where: { $0.override.isWithin(key) }) {
        throw ValidationError(
          "--set \(setting.text.visible()): has no effect, as \(option) sets it")
      }
    }
  }

  /// Throws where `--steps` would have to make the section whose end it sets.
  private func checkEffect(of steps: Steps, _ overrides: [RecipeOverride]) throws {
    guard steps.key == "train.steps",
      let recipe = try? Recipe(contentsOf: recipe, overrides: overrides), recipe.train == nil
    else { return }
    throw ValidationError(
      "--steps: has no effect: the recipe has no train "
        + "(need --set warm_start.steps=\(steps.count))")
  }

  /// The recipe as commands that take no changes want it: what the run keeps, where there are some.
  ///
  /// With what the run keeps no reward can be set up that has secrets.
  func shownRecipe(
    of run: RunDirectory, _ resolved: Recipe
  ) -> (path: String, lacksChanges: Bool) {
    let isChanged = !set.isEmpty || seed != nil
    if isChanged, !resolved.hasSecrets { return (shownPath(run.recipe), false) }
    return (recipe, isChanged)
  }

  /// The recipe as another command wants it, changes included.
  func arguments(_ steps: Steps?) -> String {
    var words = [recipe.asPathWord]
    if let output { words += ["--output", output.asPathWord] }
    if let seed { words += ["--seed", String(seed)] }
    if let steps { words += ["--set", "\(steps.key)=\(steps.count)"] }
    for assignment in set { words += ["--set", assignment.text] }
    return shownCommand(words)
  }

  /// Runs a stage with everything around it: the display, Ctrl-C, and how to resume afterwards.
  ///
  /// - Parameters:
  ///   - accepted: What the user allows to differ; nil where nothing may.
  ///   - savesAtInterrupt: Whether Ctrl-C waits for what is to be saved; else it ends the program.
  func withRun<Result>(
    of recipe: Recipe, accepting accepted: AcceptedDifferences? = nil,
    savesAtInterrupt: Bool = true,
    _ body: (TrainingRun) async throws -> Result
  ) async throws -> Result {
    if savesAtInterrupt { Interruption.watch() }
    let display = TrainingDisplay(
      terminal: .standardError, isQuiet: quiet,
      warmStartMayEndEarly: recipe.warmStart?.untilAccuracy != nil)
    defer { display.end() }
    do {
      let run = try TrainingRun(
        recipe, threads: computing.threads, allowing: accepted?.allow ?? [],
        report: display.show,
        isCancelled: { Interruption.isRequested }, patience: Interruption.patience)
      if let overlap = run.overlap { display.show(.warning(overlap)) }
      return try await body(run)
    } catch {
      display.end()
      var failure = try Failure(ending: error)
      if case TrainingError.differentInputs(let path, let differences) = error {
        if accepted == nil {
          failure.summary =
            "\(path): was started with another recipe: \(differences.summary)".visible()
        } else {
          let flags = differences.map { "--allow \($0.field.shellQuoted)" }
          failure.help =
            (failure.help ?? "") + ", or accept them: \(flags.joined(separator: " "))"
        }
      }
      throw failure
    }
  }
}
