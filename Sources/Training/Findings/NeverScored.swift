internal import Formats
internal import PolicyOptimization
internal import Rewards

extension Finding {
  /// `never_scored`: in half of the steps or more, no completion has a score; or one reward of several
  /// has given none in any of at least two steps.
  @Sendable static func neverScored(in steps: ObservedSteps) -> Finding? {
    // A mean that overflows is null; where there is none, the key is missing.
    let unscored = steps.lines.filter { $0[.reward] == nil }
    let silent: [String]
    let share: String
    if let line = unscored.last, 2 * unscored.count >= steps.lines.count {
      silent = steps.rewards(silentIn: [line])
      share = steps.lines.count == 1 ? "" : " in \(unscored.count) of \(steps.lines.count) steps"
    } else {
      // In a single step, a reward may apply to none of the questions.
      guard steps.lines.count > 1 else { return nil }
      silent = steps.rewards(silentIn: steps.lines)
      if silent.isEmpty { return nil }
      share = " in any of \(steps.lines.count) steps"
    }
    let rewards = silent.isEmpty ? "" : " from \(silent.joined(separator: ", "))"
    let columns = steps.setting.columns.joined(separator: ", ")
    return Finding(
      name: "never_scored",
      evidence: "\(steps.place): no completion has a score\(rewards)\(share)",
      advice:
        "make the reward return a number; the data's columns are \(columns); "
        + "check with grpo reward test")
  }
}

extension ObservedSteps {
  /// The rewards that gave no completion of these steps a score.
  fileprivate func rewards(silentIn lines: [JSONObject]) -> [String] {
    setting.rewards.filter { name in
      lines.allSatisfy { $0[LogKeys.metric(.mean, of: name)]?.isNull == true }
    }
  }
}
