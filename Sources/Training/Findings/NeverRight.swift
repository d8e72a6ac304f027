package import Evaluation

extension Finding {
  /// `never_right`: completions earn something from the reward that judges, and none of them 1.
  package static func neverRight(in reports: [EvaluationReport], judge: String) -> Finding? {
    guard let largest = reports.compactMap(\.largestReward).max(), largest > 0,
      !reports.contains(where: \.hasRightAnswer)
    else { return nil }
    return Finding(
      name: "never_right",
      evidence: "evaluation: no score of \(judge) reached 1 (the largest is \(short(largest))); "
        + "accuracy counts scores of 1 or more",
      advice: "warm-start longer; if no answer can earn 1, scale \(judge), or list a reward "
        + "first that gives right answers 1")
  }
}
