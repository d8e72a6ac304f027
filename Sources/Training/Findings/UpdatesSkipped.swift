internal import Formats
internal import PolicyOptimization

extension Finding {
  /// `updates_skipped`: half of the updates or more moved nothing, though rewards differ.
  ///
  /// A gradient of zero is no such update, since ``equalRewards(in:)`` tells why there is none, unless
  /// the rewards' own deviation overflows: advantages divided by it are zero. A search that finds no
  /// better policy in a single step is no finding either.
  @Sendable static func updatesSkipped(in steps: ObservedSteps) -> Finding? {
    var (overflowed, givenUp) = (0, 0)
    var rewardsOverflow = false
    for line in steps.lines {
      let skipped = min(line[.skippedUpdates]?.natural ?? 0, steps.setting.updatesPerStep)
      let norm = line[.gradientNorm]?.double
      let isFinite = norm != nil && line[.loss]?.double != nil
      // What is not finite is null in the log.
      if [Metric.Name.reward, .rewardDeviation].contains(where: { line[$0]?.isNull == true }) {
        rewardsOverflow = true
      } else if isFinite, norm == 0 {
        continue
      }
      let searches = [Metric.Name.trustRegionGivenUp, .lineSearchGivenUp]
      if isFinite, searches.contains(where: { line[$0]?.double != nil }) {
        givenUp += skipped
      } else {
        overflowed += skipped
      }
    }
    let total = steps.lines.count * steps.setting.updatesPerStep
    if steps.lines.count == 1 { givenUp = 0 }
    guard overflowed + givenUp > 0, 2 * (overflowed + givenUp) >= total else { return nil }
    let count = "\(steps.place): \(overflowed + givenUp) of \(total) updates were skipped"
    if givenUp > overflowed {
      return Finding(
        name: "updates_skipped", evidence: "\(count): no step that was tried made the loss smaller",
        advice: "allow smaller steps, or draw more completions in a step")
    }
    let mean = steps.mean(.reward)
    let size = mean.map { " (their mean is \(short($0)))" } ?? ""
    return Finding(
      name: "updates_skipped",
      evidence:
        "\(count): the \(rewardsOverflow ? "rewards overflow" : "loss or its gradient overflows")",
      advice: rewardsOverflow || abs(mean ?? 0) > 1e6
        ? "make the rewards smaller\(size), by their weight or where they are computed"
        : "lower train.learning_rate, or set train.max_grad_norm")
  }
}
