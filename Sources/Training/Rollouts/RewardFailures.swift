internal import Rewards

/// What failed of all rewards that a step asked for.
struct RewardFailures {
  private(set) var masked = 0
  private(set) var count = 0
  /// The first reason, with the reward's name; nil where nothing is masked.
  private(set) var reason: String?

  /// Whether more than a tenth is masked, which no run goes on from.
  var areMany: Bool { masked * 10 > count }

  mutating func add(_ report: RewardReport) {
    masked += report.maskedCount
    count += report.outcomes.count
    guard reason == nil, report.maskedCount > 0 else { return }
    let failed = report.functions.first { $0.failureCount > 0 && !$0.failuresAreZero }
    reason = failed.map { "\($0.name): \($0.firstFailure ?? "no reason given")" } ?? "unknown"
  }
}

extension RewardFailures: CustomStringConvertible {
  var description: String {
    "\(masked) of \(count) rewards failed: \(reason ?? "no reason given")"
  }
}

extension TrainingState {
  /// Counts what failed in the next step, and returns what that ends the run with: more than a tenth of
  /// the rewards, or any in the third step in a row.
  mutating func count(_ failures: RewardFailures) -> TrainingError? {
    guard let reason = failures.reason else {
      maskedInARow = 0
      return nil
    }
    maskedInARow += 1
    guard failures.areMany || maskedInARow >= 3 else { return nil }
    return .rewardsFailed(
      step: step + 1, masked: failures.masked, of: failures.count, inARow: maskedInARow,
      reason: reason)
  }
}
