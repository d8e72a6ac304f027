import ArgumentParser
import Formats
import Recipes
import Training

/// `grpo train`.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a policy by a recipe's rewards, from its model or its warm start.",
    discussion: """
      The output must not hold a training run, unless --resume continues it.
      """)

  @OptionGroup var options: StageOptions

  @Flag(help: "Continues from the last checkpoint.")
  var resume = false

  func run() async throws {
    let (recipe, _) = try options.changed.resolvedForTraining(
      options.limit("train.steps"), orElse: "use grpo sft for a recipe that has a warm start only")
    let summary = try await options.withRun(of: recipe) {
      try await $0.runTraining(resume: resume)
    }
    try options.report(summary, of: recipe)
  }
}
