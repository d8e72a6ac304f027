package import Formats
package import Recipes

extension Finding {
  /// `goal_missed`: a warm start took all of its steps, and the accuracy that was to end it was not
  /// reached.
  ///
  /// - Parameter lines: Those of its log.
  package static func goalMissed(
    by warmStart: Recipe.WarmStart, _ lines: [JSONObject]
  ) -> Finding? {
    guard let goal = warmStart.untilAccuracy, !lines.isEmpty else { return nil }
    let name = "goal_missed"
    guard let probe = lines.last(where: { $0[.probedAccuracy] != nil }) else {
      return Finding(
        name: name,
        evidence:
          "warm start: until_accuracy \(goal) was never measured in \(lines.count) steps: "
          + "accuracy is measured every \(WarmStart.probeSteps) steps",
        advice: "set warm_start.steps to \(WarmStart.probeSteps) or more, or remove "
          + "until_accuracy")
    }
    guard let accuracy = probe[.probedAccuracy]?.double, accuracy < goal,
      let step = probe["step"]?.natural
    else { return nil }
    let isUnscored = probe[.probesUnscored] != nil
    return Finding(
      name: name,
      evidence:
        "warm start: until_accuracy \(goal) was not reached: \(accuracy) after \(step) steps"
        + (isUnscored ? ", and no completion has a score" : ""),
      advice: isUnscored
        ? "check with grpo reward test that the first reward returns a number"
        : "raise warm_start.steps, or lower warm_start.until_accuracy")
  }
}
