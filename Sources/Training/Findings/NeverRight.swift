package import Evaluation

extension Finding {
  /// `never_right`: completions earn something from the reward that judges, and none of them 1.
  package static func neverRight(in report: EvaluationReport, judge: String) -> Finding? {
    guard let largest = report.largestReward, largest > 0, !report.hasRightAnswer else {
      return nil
    }
    return Finding(
      name: "never_right",
      evidence: "evaluation: no score of \(judge) reached 1 (the largest is \(short(largest))): "
        + "accuracy counts those that do",
      advice: "scale \(judge) so that a right answer earns 1, or put the reward first that does")
  }
}
