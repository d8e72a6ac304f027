/// What a ``RewardSet`` says about the completions of a request.
public struct RewardReport: Sendable {
  /// What the functions together say about one completion.
  public enum Outcome: Sendable, Equatable {
    case scored(CompletionReward)
    /// No function applies: the completion has no reward, and nothing went wrong.
    case unscored
    /// At least one function failed: the completion must be left out, and is counted.
    case masked

    /// The whole reward of a scored completion.
    public var total: Double? {
      if case .scored(let reward) = self { reward.total } else { nil }
    }
  }

  /// One for each completion of the request, in its order.
  public var outcomes: [Outcome]
  /// One for each function, in the order of the set.
  public var functions: [FunctionReport]

  package init(outcomes: [Outcome], functions: [FunctionReport]) {
    (self.outcomes, self.functions) = (outcomes, functions)
  }

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

/// What one reward function of a set said, for logs.
public struct FunctionReport: Sendable {
  public var name: String
  public var weight: Double
  /// Whether a failed score counts as 0.
  public var failuresAreZero = false
  /// What it returned, as far as it can be logged; the scores are those before the weight.
  public var response: RewardResponse
  /// How long the function took for all of them.
  public var seconds = 0.0
  /// How long the slowest of the scores took, where the function says so.
  public var slowestSeconds: Double?

  /// One for each completion, before the weight; nil where it does not apply or failed.
  ///
  /// `rewards/<name>/mean` and `/std` are taken over those that are not nil.
  public var values: [Double?] { response.scores.map(\.total) }

  public var failureCount: Int { failures.count }
  /// The reason of the first failed score, in one line.
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
