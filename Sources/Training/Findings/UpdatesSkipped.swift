internal import Formats
internal import PolicyOptimization

extension Finding {
  /// `updates_skipped`: half of the updates or more moved nothing, though rewards differ.
  ///
  /// A gradient of zero is such an update only where rewards differ, since ``equalRewards(in:)`` tells why
  /// there is none where they do not. A search that finds no better policy in a single step is no
  /// finding.
  @Sendable static func updatesSkipped(in steps: ObservedSteps) -> Finding? {
    let updates = steps.setting.updatesPerStep
    var (overflowed, givenUp, withoutGradient) = (0, 0, 0)
    var rewardsOverflow = false
    for line in steps.lines {
      let skipped = min(line[.skippedUpdates]?.natural ?? 0, updates)
      // What is not finite is null in the log; a finite gradient is refused from 2⁶³ on, and logged is
      // the updates' mean.
      let norm = line[.gradientNorm]?.double ?? .infinity
      let searches = [Metric.Name.trustRegionGivenUp, .lineSearchGivenUp]
      if [Metric.Name.reward, .rewardDeviation].contains(where: { line[$0]?.isNull == true }) {
        // Advantages divided by a deviation that overflows are zero.
        rewardsOverflow = true
        overflowed += skipped
      } else if line[.loss]?.double == nil || norm >= 0x1p63 / Double(updates) {
        overflowed += skipped
      } else if norm == 0 {
        if let share = line[.equalRewards]?.double, share < 1 { withoutGradient += skipped }
      } else if searches.contains(where: { line[$0]?.double != nil }) {
        givenUp += skipped
      }
    }
    if steps.lines.count == 1 { givenUp = 0 }
    let (skipped, total) = (overflowed + givenUp + withoutGradient, steps.lines.count * updates)
    guard skipped > 0, 2 * skipped >= total else { return nil }
    let count = "\(steps.place): \(skipped) of \(total) updates were skipped"
    if withoutGradient > max(overflowed, givenUp) {
      return Finding(
        name: "updates_skipped",
        evidence: "\(count): the gradient is zero, although rewards differ",
        advice:
          "check that train.advantage does not make every advantage 0, and that no mask excludes "
          + "every token")
    }
    if givenUp > overflowed {
      return Finding(
        name: "updates_skipped", evidence: "\(count): no step that was tried lowered the loss",
        advice: "allow smaller steps, or sample more completions per step")
    }
    let mean = steps.mean(.reward)
    let size = mean.map { " (their mean is \(short($0)))" } ?? ""
    return Finding(
      name: "updates_skipped",
      evidence:
        "\(count): the \(rewardsOverflow ? "rewards overflow" : "loss or its gradient overflows")",
      advice: rewardsOverflow || abs(mean ?? 0) > 1e6
        ? "scale the rewards down\(size), by their weights or in the reward functions"
        : "lower train.learning_rate, or set train.max_grad_norm")
  }
}
