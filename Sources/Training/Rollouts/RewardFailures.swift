internal import Rewards

extension FailureCount {
  /// Adds a step's completions, those that are masked with the name of the first reward that failed.
  mutating func add(_ report: RewardReport) {
    let failed = report.functions.first { $0.failureCount > 0 && !$0.failuresAreZero }
    let reason = failed.map { "\($0.name): \($0.firstFailure ?? "no reason given")" } ?? "unknown"
    add(report.outcomes.map { $0 == .masked ? reason : nil })
  }
}

extension TrainingState {
  /// Counts what failed in the next step, and returns what that ends the run with: more than a tenth of
  /// the rewards, or any in the third step in a row.
  mutating func count(_ failures: FailureCount) -> TrainingError? {
    guard let reason = failures.reason else {
      maskedInARow = 0
      return nil
    }
    maskedInARow += 1
    guard failures.areMany || maskedInARow >= 3 else { return nil }
    return .rewardsFailed(
      step: step + 1, masked: failures.failed, of: failures.count, inARow: maskedInARow,
      reason: reason)
  }
}
