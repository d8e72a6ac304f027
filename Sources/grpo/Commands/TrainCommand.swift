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

  @OptionGroup var options: RecipeOptions
  @OptionGroup var accepted: AcceptedDifferences

  @Flag(help: "Goes on after the last checkpoint.")
  var resume = false

  func run() async throws {
    let (recipe, _) = try options.resolvedForTraining(
      orElse: "a recipe that only warm-starts is for grpo sft")
    let summary = try await options.withRun(of: recipe, accepting: accepted) {
      try await $0.runTraining(resume: resume)
    }
    try options.report(summary, of: recipe)
  }
}
