internal import Formats
internal import Foundation
internal import PolicyOptimization

extension Finding {
  /// `equal_rewards`: nearly all completions have the reward of all others they are compared with, and
  /// it is not because the policy has learned its task; in a single step, those of four questions or
  /// more.
  ///
  /// Where completions are not compared within groups, all of a step must have the same reward.
  @Sendable static func equalRewards(in steps: ObservedSteps) -> Finding? {
    guard let reward = steps.mean(.reward), let share = steps.shareOfEqualRewards,
      share >= (steps.lines.count == 1 ? 1 : 0.95)
    else { return nil }
    let level = RewardLevel(of: reward, in: steps)
    if level == .reached { return nil }
    return Finding(
      name: "equal_rewards",
      evidence: "\(steps.place): \(percent(share)) of completions have the same reward as all "
        + "completions they are compared with (mean \(short(reward))): nothing to learn",
      advice: steps.setting.weighsNothing
        ? "every reward has weight 0: give the rewards to train on another weight"
        : level.advice)
  }

  static func percent(_ share: Double) -> String {
    String(format: "%.0f %%", (100 * share).rounded())
  }

  /// A number with three digits.
  static func short(_ value: Double) -> String { String(format: "%.3g", value) }
}

/// Where rewards that are all equal stand between the least and the most there is.
private enum RewardLevel {
  /// Nothing is rewarded.
  case floor
  case between
  /// All is rewarded, and was from the beginning.
  case ceiling
  /// All is rewarded alike, and more than at first, but with less than 1.
  case plateau
  /// All is rewarded, and was not at first: the task is learned.
  case reached

  /// The share of the largest reward that may be lacking where all is rewarded.
  private static let remainder = 0.1

  init(of reward: Double, in steps: ObservedSteps) {
    let largest = max(reward, steps.largestReward)
    let first = steps.first?[.reward]?.double ?? reward
    let spread = steps.first?[.rewardDeviation]?.double ?? 0
    let hasRisen = reward > first && reward - first >= spread / 2
    if largest - reward <= Self.remainder * abs(largest) {
      let isWhole = reward >= 1 - Self.remainder
      self = hasRisen ? (isWhole ? .reached : .plateau) : reward > 0 ? .ceiling : .floor
    } else {
      self = reward > Self.remainder * largest ? .between : .floor
    }
  }

  var advice: String {
    switch self {
    case .floor:
      "warm-start longer, use easier questions, or choose a reward that gives partial credit"
    case .ceiling, .reached:
      "use harder questions, or a reward that scores completions differently: all have the "
        + "highest reward already"
    case .plateau:
      "if a right answer earns more than this, raise train.temperature or the weights of the other "
        + "rewards; if not, the task is learned"
    case .between:
      "raise train.temperature, shorten the warm start, use other questions, or choose a reward "
        + "that scores completions differently"
    }
  }
}

extension ObservedSteps {
  /// The share of completions whose rewards equal all those that they are compared with; nil where
  /// nothing can be compared, or too little for a single step.
  fileprivate var shareOfEqualRewards: Double? {
    let shares = lines.compactMap { share(in: $0) }
    if !shares.isEmpty { return shares.reduce(0, +) / Double(shares.count) }
    // Steps of one completion: they are compared with each other, if with anything.
    let rewards = lines.compactMap { $0[.reward]?.double }
    guard rewards.count > 1 else { return nil }
    return rewards.allSatisfy { $0 == rewards[0] } ? 1 : 0
  }

  private func share(in line: JSONObject) -> Double? {
    guard line[.reward]?.double != nil, let flat = line[.equalRewards]?.double else {
      return nil
    }
    let scored = Double(setting.completionsPerStep) - (line[.unscoredCompletions]?.double ?? 0)
    let alone = line[.singletonGroups]?.double ?? 0
    if setting.comparesWithinGroups, scored > alone {
      if lines.count == 1, line[.degenerateGroups]?.double ?? 0 < 4 { return nil }
      return max(0, flat * scored - alone) / (scored - alone)
    }
    if lines.count == 1, scored < 32 { return nil }
    return line[.rewardDeviation]?.double.map { $0 == 0 ? 1 : 0 }
  }

  /// The largest reward that some completion must have had, where none is below 0.
  ///
  /// A mean m and a deviation s of rewards from 0 to M: s² ≤ m·(M − m), so M ≥ m + s²/m. Bhatia &
  /// Davis 2000, "A Better Bound on the Variance".
  fileprivate var largestReward: Double {
    let bounds = ([first].compactMap(\.self) + lines).compactMap { line -> Double? in
      guard let mean = line[.reward]?.double else { return nil }
      guard mean > 0, let spread = line[.rewardDeviation]?.double else { return mean }
      // The deviation has n − 1 below, the bound n.
      let count = max(2, Double(setting.completionsPerStep))
      return mean + spread * spread * (count - 1) / count / mean
    }
    return bounds.max() ?? 0
  }
}
