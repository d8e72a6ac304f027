import ArgumentParser
import Formats
import Recipes
import Training

/// `grpo explain`.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "One question of a run's next step: what an update makes of its completions.",
    discussion: """
      Draws and scores the completions as the run would, and shows every token: the log-probs of \
      policy, old and reference policy, ratio, KL, advantage, and the coefficient with which its \
      log-prob enters the gradient. The whole step is made, as the run would make it; a question \
      that is not in it takes the place of its first. A clipped token is marked with *. Nothing is \
      written.
      """)

  @OptionGroup var options: RecipeOptions

  @Option(
    parsing: .unconditional,
    help: "The question's number in data.train. (default: the next step's first)")
  var question: Int?

  @Option(
    parsing: .unconditional,
    help: """
      Updates made on these completions first; without any, every ratio is 1, but for what other \
      mini-batches have moved. (default: the recipe's num_iterations, less one)
      """)
  var updates: Int?

  func validate() throws {
    try Bounds.check("--question", question, 0...Int.max)
    try Bounds.check("--updates", updates, 0...1000)
    if options.steps != nil {
      throw ValidationError(
        "--steps: has no effect, since explain makes one step (--updates makes updates on one)")
    }
  }

  func run() async throws {
    let (recipe, train) = try options.resolvedForTraining(
      orElse: "a recipe that only warm-starts has no update to explain")
    for warning in recipe.warnings { StandardError.warn(warning) }
    let explanation = try await options.withRun(of: recipe) {
      try await $0.explain(row: question, updates: updates ?? train.axes.epochs - 1)
    }
    try explanation.write(json: options.json)
    if let failure = explanation.failure { throw failure }
  }

}

extension Explanation: Report {
  var lines: [String] {
    let terminal = Terminal.standardOutput
    var lines = [
      "\(prompt.visible()) → \(answer?.visible() ?? "–")",
      "step \(step), after \(updates) update\(updates == 1 ? "" : "s") on these completions: "
        + "loss \(shown(loss, NumberFormat.short))",
    ]
    if !isInStep {
      lines.append("the step does not ask this question, which takes the place of its first here")
    }
    for completion in completions {
      let rewards = completion.rewards.map { reward in
        let failed = completion.failures.contains { $0.name.hasSameBytes(as: reward.name) }
        return reward.name.visible() + " "
          + (failed ? "failed" : shown(reward.value, NumberFormat.short))
      }
      lines.append("")
      lines.append(
        terminal.styled("\"\(completion.text.visible())\"", .bold)
          + "  reward \(shown(completion.reward, NumberFormat.short))"
          + (rewards.isEmpty ? "" : "  (\(rewards.joined(separator: ", ")))"))
      lines += completion.failures.map { "\($0.name.visible()) failed: \($0.reason.visible())" }
      lines += table(completion).lines(on: terminal)
    }
    return lines
  }

  private func shown(_ value: Double?, _ figures: (Double) -> String) -> String {
    guard let value else { return "–" }
    return value.isFinite ? figures(value) : "not finite"
  }

  private func table(_ completion: Explanation.Completion) -> TextTable {
    let hasReference = completion.tokens.contains { $0.referenceLogProb != nil }
    let hasKL = completion.tokens.contains { $0.kl != nil }
    var table = TextTable()
    table.append(
      title: ["token", "log π", "log π_old"] + (hasReference ? ["log π_ref"] : [])
        + ["ratio"] + (hasKL ? ["KL"] : []) + ["advantage", "∂loss/∂log π"])
    for token in completion.tokens {
      func number(_ value: Double?) -> String { shown(value) { NumberFormat.fixed($0, digits: 4) } }
      table.append(
        [token.text.isEmpty ? "#\(token.id)" : token.text.visible()]
          + [number(token.logProb), number(token.oldLogProb)]
          + (hasReference ? [number(token.referenceLogProb)] : [])
          + [number(token.ratio) + (token.isClipped ? "*" : "")]
          + (hasKL ? [number(token.kl)] : [])
          + [number(token.advantage), number(token.coefficient)])
    }
    return table
  }
}
