/// The rewards of one step, by group: the completions of one question stand together.
public struct RewardGroups: Sendable, Equatable {
  /// What one reward function said of a completion.
  public struct Component: Sendable, Equatable {
    /// What the function counts for in the sum.
    public var weight: Double
    /// nil where the function does not apply.
    public var value: Double?

    public init(weight: Double = 1, value: Double?) {
      precondition(weight.isFinite && value?.isFinite ?? true)
      self.weight = weight
      self.value = value
    }
  }

  /// What an estimator may know about one completion.
  public struct Completion: Sendable, Equatable {
    public var tokenCount: Int
    /// nil where no reward exists (a failed score, or none that applies): such a completion
    /// leaves its group's statistics and gets no advantage.
    public var rewards: RewardStream?
    /// V(s_t), the value before each token; nil: no value function.
    ///
    /// After the last token it is 0.
    ///
    /// Shape: [tokenCount].
    public var values: [Double]?
    /// The reward functions one by one, in the same order for every completion; empty: unknown.
    public var components: [Component]

    public init(
      tokenCount: Int, rewards: RewardStream?, values: [Double]? = nil,
      components: [Component] = []
    ) {
      precondition(tokenCount >= 0)
      // An empty completion may carry its terminal score at token 0.
      precondition((rewards?.entries.last?.token ?? 0) < max(1, tokenCount))
      precondition(values.map { $0.count == tokenCount } ?? true, "one value per token")
      self.tokenCount = tokenCount
      self.rewards = rewards
      self.values = values
      self.components = components
    }
  }

  /// In canonical order; groups may differ in size and may be empty.
  public var groups: [[Completion]]
  /// The reward of each group's greedy completion, nil where it has none; empty: none was drawn.
  ///
  /// Shape: [groups], or empty.
  public var greedyRewards: [Double?]

  public init(_ groups: [[Completion]], greedyRewards: [Double?] = []) {
    precondition(greedyRewards.isEmpty || greedyRewards.count == groups.count)
    self.groups = groups
    self.greedyRewards = greedyRewards
  }

  /// Groups of completions with one score each; nil where a completion has none.
  ///
  /// Shapes: scores, tokenCounts: [groups][completions of the group].
  public init(scores: [[Double?]], tokenCounts: [[Int]]) {
    precondition(scores.map(\.count) == tokenCounts.map(\.count))
    self.init(
      zip(scores, tokenCounts).map { scores, counts in
        zip(scores, counts).map { score, count in
          Completion(
            tokenCount: count, rewards: score.map { .terminal($0, tokenCount: count) })
        }
      })
  }

  /// Every single reward, whatever it is for.
  package var numbers: [Double] {
    groups.joined().flatMap { $0.rewards?.entries.map(\.reward) ?? [] }
      + greedyRewards.compactMap(\.self)
  }

  /// Tokens of each completion, in canonical order.
  var tokenCounts: [Int] { groups.joined().map(\.tokenCount) }
}
