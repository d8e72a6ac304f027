import ArgumentParser
import Training

/// `grpo run`.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Makes every stage of a recipe that is missing: from a tokenizer to a summary.",
    discussion: """
      The stages are tokenizer, warm start, training and evaluation. A run that was stopped goes \
      on where it was; one that is finished is evaluated again. An output of another recipe is \
      never written over.
      """)

  @OptionGroup var options: RecipeOptions

  func run() async throws {
    let recipe = try options.resolved(steps: "train.steps")
    let summary = try await options.withRun(of: recipe) { try await $0.runAll() }
    try TrainingReport(summary, recipe: recipe, recipePath: options.recipe).write(
      json: options.json)
  }
}
