import Formats
import Training

/// One question of a step as `grpo explain` shows it.
struct ExplanationReport: Report {
  private let explanation: Explanation
  /// Whether the question was not named, but found among the step's.
  private let isFound: Bool

  init(_ explanation: Explanation, isFound: Bool) {
    (self.explanation, self.isFound) = (explanation, isFound)
  }

  /// Rows of a table of tokens; of a longer completion the first and the last are shown.
  private static let shownTokens = (first: 16, last: 4)

  var encoded: JSONObject { explanation.encoded }

  var lines: [String] {
    let (question, updates) = (explanation, explanation.updates)
    let head = [
      "question \(question.row): \(question.prompt.visible()) → "
        + (question.answer?.visible() ?? "–"),
      "step \(question.step), after \(updates) update\(updates == 1 ? "" : "s") on these "
        + "completions: loss \(Self.shown(question.loss, NumberFormat.short))",
      place, UpdateSentence(explanation).text,
    ].compactMap(\.self)
    return head.flatMap { Terminal.standardOutput.wrapped($0) } + distinct.flatMap(lines)
      + (legend.map { [""] + Terminal.standardOutput.wrapped($0) } ?? [])
  }

  /// What the question is in its step.
  private var place: String? {
    guard explanation.isInStep else {
      return "the step does not ask this question, which takes the place of its first here"
    }
    let (count, idle) = (explanation.stepQuestions, explanation.stepQuestionsWithoutEffect)
    guard isFound, count > 1, idle < count else { return nil }
    let equal = explanation.stepQuestionsWithEqualRewards
    guard equal < count else {
      return "the first of the step's \(count) questions: no question's rewards differ"
    }
    return "chosen from the step's \(count) questions because its rewards differ most"
      + (equal > 0 ? "; \(equal) \(equal == 1 ? "has" : "have") equal rewards" : "")
  }

  /// How to read the tables; nil where there is none.
  private var legend: String? {
    let tokens = explanation.completions.flatMap(\.tokens)
    guard !tokens.isEmpty else { return nil }
    return "∂L/∂log π: negative makes the token more probable"
      + (tokens.contains(where: \.isClipped) ? "; * clipped" : "")
  }

  // MARK: Completions

  /// The completions, those that are the same in every number as one, with how many they are.
  private var distinct: [(Explanation.Completion, Int)] {
    var found: [(completion: Explanation.Completion, count: Int)] = []
    for completion in explanation.completions {
      if let index = found.firstIndex(where: { $0.completion.isSame(as: completion) }) {
        found[index].count += 1
      } else {
        found.append((completion, 1))
      }
    }
    return found.map { ($0.completion, $0.count) }
  }

  private func lines(_ completion: Explanation.Completion, count: Int) -> [String] {
    let terminal = Terminal.standardOutput
    let rewards = completion.rewards.map { reward in
      let failed = completion.failures.contains { $0.name.hasSameBytes(as: reward.name) }
      return reward.name.visible() + " "
        + (failed ? "failed" : Self.shown(reward.value, NumberFormat.short))
    }
    let title =
      terminal.styled("\"\(completion.text.visible())\"", .bold) + (count > 1 ? " × \(count)" : "")
      + "  reward \(Self.shown(completion.reward, NumberFormat.short))"
      + (rewards.isEmpty ? "" : "  (\(rewards.joined(separator: ", ")))")
    let failures = completion.failures.map {
      "\($0.name.visible()) failed: \($0.reason.visible())"
    }
    return [""] + ([title] + failures).flatMap { terminal.wrapped($0, indent: 2) }
      + table(completion.tokens, on: terminal)
  }

  private func table(_ tokens: [Explanation.Token], on terminal: Terminal) -> [String] {
    let hasReference = tokens.contains { $0.referenceLogProb != nil }
    let hasKL = tokens.contains { $0.kl != nil }
    var table = TextTable()
    table.append(
      title: ["token", "log π", "log π_old"] + (hasReference ? ["log π_ref"] : [])
        + [explanation.sharesRatio ? "completion ratio" : "token ratio"]
        + (hasKL ? ["KL"] : []) + ["advantage", "∂L/∂log π"])
    let (first, last) = Self.shownTokens
    let left = tokens.count - first - last
    for (index, token) in tokens.enumerated() {
      if left > 1, index == first { table.append(["…"]) }
      if left > 1, index >= first, index < first + left { continue }
      func number(_ value: Double?) -> String {
        Self.shown(value, NumberFormat.column)
      }
      table.append(
        [Self.name(token)]
          + [number(token.logProb), number(token.oldLogProb)]
          + (hasReference ? [number(token.referenceLogProb)] : [])
          + [number(token.ratio) + (token.isClipped ? "*" : "")]
          + (hasKL ? [number(token.kl)] : [])
          + [number(token.advantage), number(token.coefficient)])
    }
    return table.lines(on: terminal)
      + (left > 1 ? ["… stands for \(left) tokens, which --json shows"] : [])
  }

  private static func name(_ token: Explanation.Token) -> String {
    if token.isEnd { return "(end)" }
    return token.text.isEmpty ? "#\(token.id)" : token.text.visible()
  }

  private static func shown(_ value: Double?, _ figures: (Double) -> String) -> String {
    guard let value else { return "–" }
    return value.isFinite ? figures(value) : "not finite"
  }
}

extension Explanation.Completion {
  /// Whether it has the same tokens with the same numbers.
  fileprivate func isSame(as other: Explanation.Completion) -> Bool {
    tokens == other.tokens && text == other.text && reward == other.reward
      && rewards.map(\.value) == other.rewards.map(\.value)
      && failures.map(\.reason) == other.failures.map(\.reason)
  }
}
