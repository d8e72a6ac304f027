internal import Formats

extension Finding {
  /// `cut_off`: most completions reach the greatest length before they end.
  @Sendable static func cutOff(in steps: ObservedSteps) -> Finding? {
    guard let share = steps.mean(.cutOffCompletions), share > 0.5 else { return nil }
    return Finding(
      name: "cut_off",
      evidence: "\(steps.place): \(percent(share)) of completions were cut off at "
        + "\(steps.setting.maxCompletionTokens) tokens",
      advice: "raise train.max_completion_length, set train.stop, or warm-start longer")
  }
}
