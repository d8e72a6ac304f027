internal import Formats

extension Finding {
  /// `no_pairs`: in half of the steps or more, the reward model's last update had nothing to learn from.
  @Sendable static func noPairs(in steps: ObservedSteps) -> Finding? {
    let empty = steps.lines.filter { $0[.pairs]?.double == 0 }
    guard let last = empty.last, 2 * empty.count >= steps.lines.count else { return nil }
    let isUnlabelled = last[.labels]?.double == 0
    return Finding(
      name: "no_pairs",
      evidence: "\(steps.place): the reward model learns nothing: "
        + (isUnlabelled
          ? "the labeller gave no label" : "all labels of each question are equal"),
      advice: isUnlabelled
        ? "check with grpo reward test that reward_model.labeller returns a number"
        : "warm-start longer, use easier questions, or choose a labeller that scores "
          + "completions differently")
  }
}
