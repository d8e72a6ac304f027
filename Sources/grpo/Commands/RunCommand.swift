import ArgumentParser
import Recipes
import Training

/// `grpo run`.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a recipe end to end, skipping finished stages.",
    discussion: """
      The stages are tokenizer, warm start, training and evaluation. To resume a run that was \
      stopped or killed, rerun the same command; an interrupted warm start begins again. A \
      finished run is evaluated again.

      A run is never overwritten: if the recipe or one of its files has changed since the run \
      began, the command refuses and names the change, unless --allow accepts it. How often a run \
      saves and evaluates may change, and so may the number of steps (--steps, train.steps, \
      train.outer_iterations); with more steps, training continues.

      The numbers of a progress line are exponential moving means, in which the newest step \
      counts 0.1; metrics.jsonl has those of each step.
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
