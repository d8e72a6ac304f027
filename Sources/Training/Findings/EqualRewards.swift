internal import Formats
internal import Foundation

extension Finding {
  /// `equal_rewards`: nearly all completions have the reward of all others they are compared with,
  /// and the reward has not risen; in a single step, those of four questions or more.
  ///
  /// A policy that learned its task ends there, too: its reward has risen by half of the standard
  /// deviation that it had at first, or more.
  @Sendable static func equalRewards(in steps: ObservedSteps) -> Finding? {
    var steps = steps
    steps.lines.removeAll { $0["reward"]?.double == nil || $0["groups/singleton"]?.double != 0 }
    guard let reward = steps.mean("reward"), let spread = steps.mean("reward_std"),
      let share = steps.mean("frac_reward_zero_std"),
      share >= (steps.lines.count == 1 ? 1 : 0.95),
      steps.lines.count > 1 || steps.mean("groups/degenerate") ?? 0 >= 4,
      spread == 0 || steps.setting.comparesWithinGroups
    else { return nil }
    if let first = steps.first, first["step"]?.int != steps.lines.first?["step"]?.int,
      let firstReward = first["reward"]?.double, let firstSpread = first["reward_std"]?.double,
      reward > firstReward, reward - firstReward >= firstSpread / 2
    {
      return nil
    }
    return Finding(
      name: "equal_rewards",
      evidence: "\(steps.place): \(percent(share)) of completions have the same reward as all "
        + "others of their question (mean \(short(reward))): nothing to learn",
      advice: "shorten the warm start, raise train.temperature or train.beta, or choose a reward "
        + "that tells completions apart")
  }

  static func percent(_ share: Double) -> String {
    String(format: "%.0f %%", (100 * share).rounded())
  }

  /// A number with three digits.
  static func short(_ value: Double) -> String { String(format: "%.3g", value) }
}
