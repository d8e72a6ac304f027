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
          ? "the labeller gave no label" : "no two labels of a question differ"),
      advice: isUnlabelled
        ? "see that reward_model.labeller returns a number; try it with grpo reward test"
        : "warm-start longer, take easier questions, or choose a labeller that tells completions "
          + "apart")
  }
}
