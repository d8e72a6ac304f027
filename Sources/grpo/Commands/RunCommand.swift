import ArgumentParser
import Recipes
import Training

/// `grpo run`.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Makes every stage of a recipe that is missing: from a tokenizer to a summary.",
    discussion: """
      The stages are tokenizer, warm start, training and evaluation. A run that was stopped goes \
      on where it was, but a warm start that was cut off begins anew; one that is finished is evaluated again. An output of another recipe, or of \
      files that have changed, is never written over, except as --allow says. Cadence of saving and \
      evaluating may change, and so may the number of steps, by --steps, train.steps or \
      train.outer_iterations; more steps go on after the last one.
      """)

  @OptionGroup var options: StageOptions

  func run() async throws {
    let recipe = try options.changed.resolved(options.limit("train.steps"))
    let summary = try await options.withRun(of: recipe) {
      try await $0.runAll()
    }
    try options.report(summary, of: recipe)
  }
}
