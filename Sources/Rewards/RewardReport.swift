/// What a ``RewardSet`` says about the completions of a request.
public struct RewardReport: Sendable {
  /// What the functions together say about one completion.
  public enum Outcome: Sendable, Equatable {
    case scored(RewardStream)
    /// No function applies: the completion has no reward, and nothing went wrong.
    case unscored
    /// At least one function failed: the completion must be left out, and is counted.
    case masked

    /// The whole reward of a scored completion.
    public var total: Double? {
      if case .scored(let stream) = self { stream.total } else { nil }
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
  public var unscoredCount: Int { outcomes.count { $0 == .unscored } }
}

/// What one reward function of a set said, for logs.
public struct FunctionReport: Sendable {
  public var name: String
  public var weight: Double
  /// One for each completion, before the weight.
  public var scores: [Score]
  public var metrics: [(name: String, value: Double)]

  /// One for each completion, before the weight; nil where it does not apply or failed.
  ///
  /// `rewards/<name>/mean` and `/std` are taken over those that are not nil.
  public var values: [Double?] { scores.map(\.total) }

  public var failureCount: Int { failures.count }
  public var notApplicableCount: Int { scores.count { $0.outcome == .notApplicable } }
  /// The reason of the first failed score, in one line.
  public var firstFailure: String? { failures.first }

  private var failures: [String] {
    scores.compactMap {
      if case .failed(let reason) = $0.outcome { oneLine(reason) } else { nil }
    }
  }
}
