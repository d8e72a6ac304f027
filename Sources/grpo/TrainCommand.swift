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
    let recipe = try options.resolved(steps: "train.steps")
    guard recipe.train != nil else {
      throw Failure(
        .badRecipe, "\(options.recipe.visible()): train: is missing",
        help: "a recipe that only warm-starts is for grpo sft")
    }
    let summary = try await options.withRun(of: recipe, accepting: accepted) {
      try await $0.runTraining(resume: resume)
    }
    try TrainingReport(
      summary, recipe: recipe, shownRecipe: options.recipe(of: summary.run, recipe)
    ).write(json: options.json)
    if let failure = summary.failure { throw failure }
  }
}
