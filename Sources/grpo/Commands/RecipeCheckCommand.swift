import ArgumentParser
import Formats
import Recipes
import Training

/// `grpo recipe check`.
struct RecipeCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Checks recipes without running them, and estimates memory and time.",
    discussion: """
      Reads each recipe with its data, prompt and model, and times part of a training step with \
      completions of full length. Writes nothing and starts no reward; the time of rewards and \
      evaluations is not included. The exit code is that of the first recipe that is wrong.
      """)

  @Argument(help: "The recipes, YAML files.", completion: .recipes)
  var files: [String]

  @Option(
    help: ArgumentHelp(
      "Sets a key of the recipe: train.beta=0.01; repeatable.",
      valueName: "key=value"), completion: .settings,
    transform: Assignment.init)
  var set: [Assignment] = []

  @Flag(help: "Checks the keys alone: reads no other file and estimates nothing.")
  var keysOnly = false

  @OptionGroup var computing: ComputingOptions

  @Flag(help: "Prints JSON, one object per recipe.")
  var json = false

  func run() async throws {
    var first: Failure?
    for file in files {
      do {
        let recipe = try Recipe(contentsOf: file, overrides: set.map(\.override))
        for warning in recipe.warnings { StandardError.warn(warning) }
        if keysOnly { try recipe.requireRewards() }
        let estimate =
          keysOnly
          ? nil : try await TrainingRun.estimate(recipe, threads: computing.threads)
        try StandardOutput.write(
          line: RecipeCheckReport(file, recipe, estimate, computing.threads).text(json: json))
      } catch {
        guard let failure = Failure(error) else { throw error }
        if json {
          let report: JSONObject = [
            "file": .string(file), "ok": false,
            "problems": .array(failure.problems.map { .string($0.text) }),
          ]
          try StandardOutput.write(line: JSON.object(report).encoded())
        } else {
          for line in failure.lines(on: .standardError) { StandardError.write(line) }
        }
        first = first ?? failure
      }
    }
    if var first {
      // It has been told.
      (first.problems, first.help) = ([], nil)
      throw first
    }
  }
}

/// What a check says of one recipe.
private struct RecipeCheckReport: Report {
  private let file: String
  private let recipe: Recipe
  private let estimate: RecipeEstimate?
  private let threads: Int

  init(_ file: String, _ recipe: Recipe, _ estimate: RecipeEstimate?, _ threads: Int) {
    (self.file, self.recipe, self.estimate, self.threads) = (file, recipe, estimate, threads)
  }

  private var steps: Int? { recipe.train?.totalSteps }

  var lines: [String] {
    var lines = ["\(file.visible()): ok"]
    guard let estimate else { return lines }
    lines.append("  policy  \(NumberFormat.count(estimate.parameterCount)) parameters")
    lines.append("  memory  about \(NumberFormat.count(Int(estimate.bytes / 1e6))) MB")
    if let seconds = estimate.secondsPerStep, let steps {
      let each = seconds < 1 ? NumberFormat.short(seconds) + " s" : NumberFormat.duration(seconds)
      lines.append(
        "  time    at most about \(each) per step with \(NumberFormat.count(threads, "thread")), "
          + "\(NumberFormat.duration(seconds * Double(steps))) for "
          + "\(NumberFormat.count(steps, "step")); rewards and evaluations not counted")
    }
    if recipe.rewards.contains(where: \.isPlugin) {
      let command = shownCommand([programName, "reward", "test", file])
      lines.append("  rewards not started; to test them: \(command)")
    }
    return lines.flatMap { Terminal.standardOutput.wrapped($0, indent: 10) }
  }

  var encoded: JSONObject {
    var object: JSONObject = ["file": .string(file), "ok": true]
    guard let estimate else { return object }
    object["parameters"] = .integer(estimate.parameterCount)
    object["memory_bytes"] = .integer(Int(min(estimate.bytes, 1e18)))
    object["threads"] = .integer(threads)
    object["seconds_per_step"] = estimate.secondsPerStep.map { .number($0) } ?? .null
    object["steps"] = steps.map { .integer($0) } ?? .null
    return object
  }
}
