internal import Evaluation
public import Formats
internal import Foundation
internal import Recipes
internal import Runs
internal import Sampling
internal import Synchronization

/// One stage of a comparison, run by itself: a warm start, or a variant's run.
public struct ComparisonTask: Sendable {
  /// What a task runs.
  public enum Stage: String, Sendable, CaseIterable {
    /// A warm start, which all variants of a recipe and seed share.
    case warmStart = "warm-start"
    /// A variant's training and evaluation.
    case run
  }

  /// What a task reports while it runs.
  public enum Event: Sendable, Equatable {
    /// A step is made, of so many.
    case stepped(Int, of: Int)
    /// Something a user should know, in one line.
    case warning(String)
  }

  /// What the task runs.
  public let stage: Stage
  let source: RecipeSource

  /// Runs the stage in this process, with one thread.
  ///
  /// A run's outcome is written to its directory. Numbers that are not finite are an outcome, not
  /// an error.
  public func perform(
    report: @escaping @Sendable (Event) -> Void, isCancelled: @escaping @Sendable () -> Bool,
    patience: Patience? = nil
  ) async throws {
    let recipe = try source.recipe()
    switch stage {
    case .warmStart:
      let run = try TrainingRun(
        recipe, threads: 1, isCancelled: isCancelled, patience: patience)
      for finding in try await run.runWarmStart()?.findings ?? [] {
        report(.warning("\(finding.evidence): \(finding.advice)"))
      }
    case .run:
      try await train(recipe, report, isCancelled, patience)
    }
  }

  private func train(
    _ recipe: Recipe, _ report: @escaping @Sendable (Event) -> Void,
    _ isCancelled: @escaping @Sendable () -> Bool, _ patience: Patience?
  ) async throws {
    let directory = RunDirectory(recipe.output)
    let before = Mutex<Double?>(nil)
    let training = try TrainingRun(
      recipe, threads: 1,
      report: { event in
        switch event {
        case .step(let step, let count, _): report(.stepped(step, of: count))
        case .evaluated(step: 0, let found): before.withLock { $0 = found.greedy?.mean }
        case .warning(let text) where !recipe.warnings.contains(text): report(.warning(text))
        case .finding(let finding):
          report(.warning("\(finding.evidence): \(finding.advice)"))
        case .began, .found, .warmStartStep, .warmStarted, .referenceReset,
          .rewardModelLearned, .completions, .evaluated, .saved, .removed, .warning:
          break
        }
      }, isCancelled: isCancelled, patience: patience)
    let outcome: ComparedRun.Outcome
    do {
      let summary = try await training.runAll()
      // The run is made, and its results are not: the next comparison asks for them again.
      if let failure = summary.failure { throw failure }
      outcome = .init(
        status: .finished, before: summary.before?.greedy?.mean, after: summary.after?.greedy?.mean,
        findings: summary.findings)
    } catch  where Self.isNumeric(error) {
      let evaluations = ComparedRun.steps(directory, []).compactMap(\.accuracy)
      outcome = .init(
        status: .failed, before: before.withLock { $0 }, after: evaluations.last ?? 0,
        reason: "\(error)")
    }
    try Files.writeAtomically(
      outcome.encoded.encodedBytes(), to: directory.outcome)
    // A finished run does not resume: its checkpoints go, its model stays.
    if outcome.status == .finished, Files.exists(directory.checkpoints.directory) {
      try Files.remove(directory.checkpoints.directory)
    }
  }

  private static func isNumeric(_ error: any Error) -> Bool {
    if case TrainingError.notFinite = error { return true }
    if case SamplingError.notFinite = error { return true }
    return false
  }
}

/// A recipe of a comparison: its file, what is set over it, and whose warm start it takes.
struct RecipeSource: Sendable {
  var path: String
  var overrides: [RecipeOverride]
  /// The directory of the run whose warm start takes the place of one of its own.
  var start: String?

  func recipe() throws(RecipeError) -> Recipe {
    var recipe = try Recipe(contentsOf: path, overrides: overrides)
    guard let start, recipe.warmStart != nil else { return recipe }
    let warnings = recipe.warnings
    recipe.warmStart = nil
    recipe.model = .directory(
      RecipePath.absolute(
        RunDirectory(start).warmStartModel, from: FileManager.default.currentDirectoryPath))
    recipe.tokenizer = .init(defaultFor: recipe.model)
    recipe = try recipe.validated()
    recipe.warnings = warnings
    return recipe
  }
}

extension ComparisonTask {
  /// The task for another process in the same directory.
  public var encoded: JSON {
    [
      "stage": .string(stage.rawValue), "recipe": .string(source.path),
      "start": source.start.map { .string($0) } ?? .null,
      "set": .array(
        source.overrides.map { override in
          [
            "option": .string(override.option), "key": .string(override.key),
            "value": .string(override.value), "directory": .string(override.directory),
          ]
        }),
    ]
  }

  /// Reads what ``encoded`` gave; nil for anything else.
  public init?(decoding json: JSON) {
    guard let stage = json["stage"]?.string.flatMap(Stage.init), let path = json["recipe"]?.string,
      let overrides = json["set"]?.array?.compactMap(RecipeOverride.init(decoding:)),
      overrides.count == json["set"]?.array?.count
    else { return nil }
    self.init(
      stage: stage,
      source: RecipeSource(path: path, overrides: overrides, start: json["start"]?.string))
  }
}

extension RecipeOverride {
  fileprivate init?(decoding json: JSON) {
    guard let option = json["option"]?.string, let key = json["key"]?.string,
      let value = json["value"]?.string, let directory = json["directory"]?.string
    else { return nil }
    self.init(option: option, key: key, value: value, directory: directory)
  }
}
