/// The rewards that a ``RewardSet`` gives the completions of a request.
public struct RewardReport: Sendable {
  /// The combined result of all functions for one completion.
  public enum Outcome: Sendable, Equatable {
    /// At least one function applies, and none failed.
    case scored(CompletionReward)
    /// No function applies: the completion has no reward, and nothing went wrong.
    case unscored
    /// At least one function failed: the completion is no part of the update, and is counted.
    case masked

    /// The whole reward of a scored completion.
    public var total: Double? {
      if case .scored(let reward) = self { reward.total } else { nil }
    }
  }

  /// The outcome of each completion, in the order of the request.
  public var outcomes: [Outcome]
  /// The report of each function, in the order of the set.
  public var functions: [FunctionReport]

  package init(outcomes: [Outcome], functions: [FunctionReport]) {
    (self.outcomes, self.functions) = (outcomes, functions)
  }

  /// Completions for which a function failed.
  public var maskedCount: Int { outcomes.count { $0 == .masked } }

  /// What is said about some of the completions.
  package func selecting(_ indices: [Int]) -> RewardReport {
    RewardReport(
      outcomes: indices.map { outcomes[$0] },
      functions: functions.map { function in
        var part = function
        part.response = function.response.selecting(indices)
        return part
      })
  }

  /// This report and one of the same functions about further completions.
  package func appending(_ other: RewardReport) -> RewardReport {
    RewardReport(
      outcomes: outcomes + other.outcomes,
      functions: zip(functions, other.functions).map { own, further in
        var whole = own
        whole.response.append(further.response)
        whole.seconds += further.seconds
        whole.slowestSeconds = [own.slowestSeconds, further.slowestSeconds].compactMap(\.self).max()
        return whole
      }
    ).withKeysOfItsOwn()
  }
}

/// The scores of one reward function of a set, for logs.
public struct FunctionReport: Sendable {
  /// The function's name in the set.
  public var name: String
  /// What its scores are multiplied by in the sum.
  public var weight: Double
  /// Whether a failed score counts as 0.
  public var failuresAreZero = false
  /// What it returned, without what cannot be logged; scores are before the weight.
  public var response: RewardResponse
  /// Seconds that the function took for the whole request.
  public var seconds = 0.0
  /// Seconds that the slowest score took; nil where the function does not measure it.
  public var slowestSeconds: Double?

  /// The score of each completion, before the weight; nil where the function does not apply or
  /// failed.
  ///
  /// `rewards/<name>/mean` and `/std` are taken over those that are not nil.
  public var values: [Double?] { response.scores.map(\.total) }

  /// Scores that failed.
  public var failureCount: Int { failures.count }
  /// The reason of the first failed score, in one line; nil where none failed.
  public var firstFailure: String? { failures.first }

  private var failures: [String] {
    response.scores.compactMap { $0.failureReason.map(oneLine) }
  }
}

extension FunctionReport {
  /// Scores without anything beside them.
  package init(name: String, weight: Double = 1, scores: [Score]) {
    self.init(name: name, weight: weight, response: RewardResponse(scores: scores))
  }
}
