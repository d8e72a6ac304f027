internal import Formats
internal import PolicyOptimization

extension Finding {
  /// `never_scored`: in half of the steps or more, no completion has a score; or one reward of several
  /// has given none in any of at least two steps.
  @Sendable static func neverScored(in steps: ObservedSteps) -> Finding? {
    // A mean that overflows is null; where there is none, the key is missing.
    let unscored = steps.lines.filter { $0[.reward] == nil }
    let silent: [String]
    let share: String
    if let line = unscored.last, 2 * unscored.count >= steps.lines.count {
      silent = silentRewards(in: line)
      share = steps.lines.count == 1 ? "" : " in \(unscored.count) of \(steps.lines.count) steps"
    } else {
      // A single step may have questions only that one of the rewards does not apply to.
      guard let last = steps.lines.last, steps.lines.count > 1 else { return nil }
      let always = steps.lines.map { Set(silentRewards(in: $0).map(ByteKey.init)) }
      silent = silentRewards(in: last).filter { name in
        always.allSatisfy { $0.contains(ByteKey(name)) }
      }
      if silent.isEmpty { return nil }
      share = " in any of \(steps.lines.count) steps"
    }
    let rewards = silent.isEmpty ? "" : " from \(silent.joined(separator: ", "))"
    let columns = steps.setting.columns.joined(separator: ", ")
    return Finding(
      name: "never_scored",
      evidence: "\(steps.place): no completion has a score\(rewards)\(share)",
      advice:
        "return a number where a completion can be judged; the data's columns are \(columns); "
        + "try it with grpo reward test")
  }

  /// The names of the rewards that gave no completion of a step a score.
  private static func silentRewards(in line: JSONObject) -> [String] {
    let (prefix, suffix) = ("rewards/", "/mean")
    return line.entries.filter {
      $0.key.hasPrefix(prefix) && $0.key.hasSuffix(suffix) && $0.value.isNull
    }.map { String($0.key.dropFirst(prefix.count).dropLast(suffix.count)) }
  }
}
