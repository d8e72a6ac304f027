import ArgumentParser
import Formats
import Recipes
import Training

/// `grpo train`.
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Improves a policy by a recipe's rewards, from its model or its warm start.",
    discussion: "Needs an output without a training run in it, or --resume.")

  @OptionGroup var options: StageOptions

  @Flag(help: "Goes on after the last checkpoint.")
  var resume = false

  func run() async throws {
    let (recipe, _) = try options.changed.resolvedForTraining(
      options.limit("train.steps"), orElse: "a recipe that only warm-starts is for grpo sft")
    let summary = try await options.withRun(of: recipe) {
      try await $0.runTraining(resume: resume)
    }
    try options.report(summary, of: recipe)
  }
}
