import ArgumentParser
import Formats
import Recipes
import Training

/// `grpo explain`.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explains a run's next update, token by token, for one question.",
    discussion: """
      Makes the run's next step without saving it, and shows what its last update does to the \
      completions of one question. For each token: the log-probs under the policy, the old policy \
      and the reference policy, the ratio, the KL, the advantage, and ∂L/∂log π, the derivative of \
      the loss with respect to the log-prob. * marks a clipped token.
      """)

  @OptionGroup var options: RecipeOptions

  @Option(
    parsing: .unconditional,
    help: """
      The question's row in data.train, from 0; one that the step does not ask replaces the step's \
      first. (default: the question of the step whose rewards differ most)
      """)
  var question: Int?

  @Option(
    parsing: .unconditional,
    help: """
      Updates to make on the completions before the one that is shown. With 0 and one mini-batch, \
      every ratio is 1. (default: the recipe's num_iterations - 1)
      """)
  var updates: Int?

  @Flag(help: "Prints every number as JSON, and warnings and errors as lines of JSON.")
  var json = false

  func validate() throws {
    try Bounds.check("--question", question, 0...Int.max)
    try Bounds.check("--updates", updates, 0...1000)
  }

  func run() async throws {
    let (recipe, train) = try options.resolvedForTraining(
      orElse: "a recipe that only warm-starts has no update to explain")
    for warning in recipe.warnings { StandardError.warn(warning) }
    let explanation = try await options.withRun(of: recipe, savesAtInterrupt: false) {
      try await $0.explain(row: question, updates: updates ?? train.axes.epochs - 1)
    }
    try ExplanationReport(explanation, isFound: question == nil).write(json: json)
    if let failure = explanation.failure { throw failure }
  }

}
