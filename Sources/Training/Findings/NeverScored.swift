internal import Formats

extension Finding {
  /// `never_scored`: in half of the steps or more, no completion has a score.
  @Sendable static func neverScored(in steps: ObservedSteps) -> Finding? {
    // A mean that overflows is null; where there is none, the key is missing.
    let unscored = steps.lines.filter { $0["reward"] == nil }
    guard let line = unscored.last, 2 * unscored.count >= steps.lines.count else { return nil }
    let (prefix, suffix) = ("rewards/", "/mean")
    let silent = line.entries.filter {
      $0.key.hasPrefix(prefix) && $0.key.hasSuffix(suffix) && $0.value.isNull
    }.map { String($0.key.dropFirst(prefix.count).dropLast(suffix.count)) }
    let rewards = silent.isEmpty ? "" : " from \(silent.joined(separator: ", "))"
    let share =
      steps.lines.count == 1 ? "" : " in \(unscored.count) of \(steps.lines.count) steps"
    let columns = steps.setting.columns.joined(separator: ", ")
    return Finding(
      name: "never_scored",
      evidence: "\(steps.place): no completion has a score\(rewards)\(share)",
      advice:
        "return a number where a completion can be judged; the data's columns are \(columns); "
        + "try it with grpo reward test")
  }
}
