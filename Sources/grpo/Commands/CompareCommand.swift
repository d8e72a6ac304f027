import ArgumentParser
import Formats
import Foundation
import Recipes
import Training

/// `grpo compare`.
struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Trains variants of recipes over several seeds, and compares the results.",
    discussion: """
      All variants of a recipe and seed start from the same warm start, so they can differ only in \
      train, rewards, reward_model and evaluation. The output directory holds every run, \
      results.csv, differences.csv, curves.csv and curves.svg. To resume, rerun the same command: \
      it makes only the missing runs.

      Variants are compared in pairs, seed by seed: differences of the held-out accuracy (or the \
      reward) with 95 % intervals by Student's t. Each run is a process of its own. If one fails \
      or crashes, its row says so, the other runs continue, and the exit code is that of the \
      failure. A run whose numbers are not finite counts as failed.
      """)

  @Argument(help: "Recipes, or one study.", completion: .recipes)
  var recipes: [String] = []

  @Option(
    help: ArgumentHelp(
      "Varies a key of the recipe: train.beta=0,0.01. Repeat it for all combinations.",
      valueName: "key=a,b"), completion: .settings,
    transform: Self.axis)
  var vary: [Study.Axis] = []

  @Option(
    help: "A file of variants (a map from names to maps of keys and values) or a study.",
    completion: .recipes)
  var variants: String?

  @Option(
    help: ArgumentHelp(
      "Seeds of the runs; repeatable. (default: 1,2,3)", valueName: "numbers"),
    transform: Self.seeds)
  var seeds: [[Int]] = []

  @Option(
    help: ArgumentHelp(
      "Sets a key in every recipe, before the warm start; repeatable.",
      valueName: "key=value"), completion: .settings,
    transform: Assignment.init)
  var set: [Assignment] = []

  /// An option of `grpo run` that compare does not have; it is read only to name what to write.
  @Option(parsing: .unconditional, help: .hidden)
  var steps: String?

  @Option(
    name: .customLong("metric"),
    help: ArgumentHelp(
      "Adds a metric: its mean over the last tenth of the steps, and its curve; repeatable.",
      valueName: "name"))
  var metrics: [String] = []

  @Option(
    help: "The directory of all runs. (default: runs/NAME, named after the recipe or study)",
    completion: .directory)
  var output: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Runs at a time, each with one thread. (default: one per core)", valueName: "count"))
  var jobs: Int?

  @Flag(name: .shortAndLong, help: "Shows only warnings and errors, no progress.")
  var quiet = false

  @Flag(help: "Prints the table as JSON.")
  var json = false

  private static func axis(_ text: String) throws -> Study.Axis {
    guard let axis = Study.Axis(text) else {
      throw ValidationError(
        "got \(text.visible()); need key=value,value, such as train.beta=0,0.01")
    }
    return axis
  }

  private static func seeds(_ text: String) throws -> [Int] {
    let seeds = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    guard seeds.allSatisfy({ $0 >= 0 }), Set(seeds).count == seeds.count else {
      throw ValidationError("got \(text.visible()); need different numbers from 0, such as 1,2,3")
    }
    return seeds
  }

  func validate() throws {
    if let steps {
      throw ValidationError(
        "--steps: is not an option of grpo compare (need --set train.steps=\(steps.visible()))")
    }
    let all = seeds.flatMap(\.self)
    if Set(all).count < all.count {
      throw ValidationError(
        "--seeds: got \(all.map(String.init).joined(separator: ",")); need "
          + "different numbers")
    }
    try Bounds.check("--jobs", jobs, 1...256)
    try Bounds.check("--output", path: output)
    if recipes.isEmpty && variants == nil {
      throw ValidationError("nothing to compare; need recipes or a study")
    }
  }

  func run() async throws {
    let study = try study()
    let output = self.output ?? usualOutput(study)
    if self.output == nil, !quiet {
      StandardError.write("output      \(output.visible())")
    }
    Interruption.watch()
    let display = ComparisonDisplay(terminal: .standardError, isQuiet: quiet)
    do {
      let comparison = try Comparison(
        study, output: output, jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount,
        perform: RunProcess.perform, report: { display.show($0) },
        isCancelled: { Interruption.isRequested })
      let result = try await comparison.run()
      display.end()
      try result.write(to: output)
      try ComparisonReport(result, output: output).write(json: json)
      if let failure = Self.failure(result) { throw failure }
    } catch {
      display.end()
      throw try Failure(ending: error)
    }
  }

  /// The runs that could not be made, in one line; nil if there are none.
  private static func failure(_ result: Training.ComparisonResult) -> Failure? {
    guard let first = result.missing.first else { return nil }
    let status = first.exitCode.flatMap(ExitStatus.init) ?? .numerics
    let count = result.runs.count
    return Failure(
      status,
      "\(result.missing.count) of \(count) run\(count == 1 ? "" : "s") failed; "
        + "\(first.name.visible()): \((first.reason ?? "").visible())",
      help: "the same command makes those runs that failed, and no other")
  }

  /// `runs/` and the name of the study, or of the recipes.
  private func usualOutput(_ study: Study) -> String {
    let files = variants.map { [$0] } ?? (recipes.isEmpty ? study.recipes : recipes)
    return "runs/" + files.map { Study.name(of: $0) }.joined(separator: "-")
  }

  /// The study as a file has it, and what the command line says instead or in addition.
  private func study() throws -> Study {
    var (study, recipes) = (Study(), recipes)
    if let variants {
      study = try Study(contentsOf: variants)
    } else if let only = recipes.first, recipes.count == 1, try Study.isStudy(only) {
      study = try Study(contentsOf: only)
      recipes = []
    }
    if !recipes.isEmpty { study.recipes = recipes }
    if study.recipes.isEmpty {
      throw ValidationError("nothing to compare; need recipes, here or in the study")
    }
    if !seeds.isEmpty { study.seeds = seeds.flatMap(\.self) }
    for axis in vary { try study.vary(axis) }
    study.settings += set.map(\.override)
    study.metrics += metrics.filter { !study.metrics.contains($0) }
    return study
  }
}
