/// The rewards of one step, by group: the completions of one question stand together.
public struct RewardGroups: Sendable, Equatable {
  /// What an estimator may know about one completion.
  public struct Completion: Sendable, Equatable {
    public var tokenCount: Int
    /// nil where no reward exists (a failed score, or none that applies): such a completion
    /// leaves its group's statistics and gets no advantage.
    public var rewards: RewardStream?

    public init(tokenCount: Int, rewards: RewardStream?) {
      precondition(tokenCount >= 0)
      // An empty completion may carry its terminal score at token 0.
      precondition((rewards?.entries.last?.token ?? 0) < max(1, tokenCount))
      self.tokenCount = tokenCount
      self.rewards = rewards
    }
  }

  /// In canonical order; groups may differ in size and may be empty.
  public var groups: [[Completion]]

  public init(_ groups: [[Completion]]) {
    self.groups = groups
  }

  /// Groups of completions with one score each; nil where a completion has none.
  ///
  /// Shapes: scores, tokenCounts: [groups][completions of the group].
  public init(scores: [[Double?]], tokenCounts: [[Int]]) {
    precondition(scores.map(\.count) == tokenCounts.map(\.count))
    groups = zip(scores, tokenCounts).map { scores, counts in
      zip(scores, counts).map { score, count in
        Completion(
          tokenCount: count, rewards: score.map { .terminal($0, tokenCount: count) })
      }
    }
  }
}
