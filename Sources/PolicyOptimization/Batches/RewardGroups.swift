public import Formats

/// The rewards of one step, by group: the completions of one question stand together.
public struct RewardGroups: Sendable, Equatable {
  /// The score of one reward function for a completion.
  public struct Component: Sendable, Equatable {
    /// The function's factor in the sum of rewards.
    public var weight: Double
    /// The score, before the weight; nil where the function does not apply.
    public var value: Double?

    /// Creates a function's score.
    ///
    /// - Precondition: weight and value are finite.
    public init(weight: Double = 1, value: Double?) {
      precondition(weight.isFinite && value?.isFinite ?? true)
      self.weight = weight
      self.value = value
    }
  }

  /// What an estimator may know about one completion.
  public struct Completion: Sendable, Equatable {
    /// Drawn tokens, the end of text included; 0 for an empty completion.
    public var tokenCount: Int
    /// The rewards at their tokens; nil where none exists (a score failed, or none applies).
    ///
    /// A completion without rewards is no part of its group's statistics and gets advantage 0.
    public var rewards: RewardStream?
    /// V(s_t), the value before each token; nil where there is no value function.
    ///
    /// After the last token it is 0.
    ///
    /// Shape: [tokenCount].
    public var values: [Double]?
    /// The scores of the reward functions one by one, in the same order for every completion; empty
    /// where they are not known.
    public var components: [Component]

    /// Creates what is known of one completion.
    ///
    /// - Precondition: no reward is at or beyond token max(1, tokenCount), and there is one value
    ///   per token where there are values.
    public init(
      tokenCount: Int, rewards: RewardStream?, values: [Double]? = nil,
      components: [Component] = []
    ) {
      precondition(tokenCount >= 0)
      // An empty completion may carry its terminal score at token 0.
      precondition((rewards?.entries.last?.token ?? 0) < max(1, tokenCount))
      precondition(values.map { $0.count == tokenCount } ?? true, "one value per token")
      (self.tokenCount, self.rewards, self.values) = (tokenCount, rewards, values)
      self.components = components
    }
  }

  /// The completions of each question, in canonical order; groups may differ in size and may be
  /// empty.
  public var groups: [[Completion]]
  /// The reward of each group's greedy completion, nil where it has none; empty: none was drawn.
  ///
  /// Shape: [groups], or empty.
  public var greedyRewards: [Double?]

  /// Creates the groups of a step.
  ///
  /// - Precondition: `greedyRewards` is empty or has one entry per group.
  public init(_ groups: [[Completion]], greedyRewards: [Double?] = []) {
    precondition(greedyRewards.isEmpty || greedyRewards.count == groups.count)
    self.groups = groups
    self.greedyRewards = greedyRewards
  }

  /// Groups of completions with one score each; nil where a completion has none.
  ///
  /// Shapes: scores, tokenCounts: [groups][completions of the group].
  ///
  /// - Precondition: both have the same shape, scores are finite, and token counts are 0 or more.
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

extension RewardGroups {
  /// How a group's scored completions relate to each other.
  enum Spread: Sendable, Equatable {
    /// No completion has a reward.
    case unscored
    /// One completion has a reward: there is nothing to compare it with.
    case singleton
    /// Several have, and the largest equals the smallest exactly.
    case degenerate
    case informative

    init(of rewards: [Double]) {
      switch rewards.count {
      case 0: self = .unscored
      case 1: self = .singleton
      default: self = rewards.allSatisfy { $0 == rewards[0] } ? .degenerate : .informative
      }
    }
  }

  /// Mean and deviation of the rewards, and how many groups and completions teach nothing.
  public var metrics: [Metric] {
    let totals = groups.map { group in group.compactMap { $0.rewards?.total } }
    let scored = totals.flatMap(\.self)
    let spreads = totals.map(Spread.init(of:))
    let flat = zip(totals, spreads).filter { $1 == .singleton || $1 == .degenerate }
      .reduce(0) { $0 + $1.0.count }

    func count(_ spread: Spread) -> Double { Double(spreads.count { $0 == spread }) }

    var metrics: [Metric] = []
    if let moments = Moments(of: scored) {
      metrics.append(Metric(.reward, moments.mean))
      if let deviation = moments.standardDeviation {
        metrics.append(Metric(.rewardDeviation, deviation))
      }
    }
    metrics += [
      Metric(.equalRewards, Double(flat) / Double(max(1, scored.count))),
      Metric(.degenerateGroups, count(.degenerate)), Metric(.singletonGroups, count(.singleton)),
      Metric(.unscoredGroups, count(.unscored)),
      Metric(.unscoredCompletions, Double(groups.reduce(0) { $0 + $1.count } - scored.count)),
    ]
    return metrics
  }
}

extension RewardGroups {
  /// One advantage per completion, from the total rewards of its group.
  ///
  /// `estimate` sees the rewards of the scored completions of an informative group, and answers
  /// with as many advantages. Unscored completions, groups of one and groups whose rewards are
  /// all equal get exactly 0 without asking it.
  func outcomeAdvantages(_ estimate: ([Double]) -> [Double]) -> Advantages {
    var completions: [Advantages.Completion] = []
    for group in groups {
      let rewards = group.compactMap { $0.rewards?.total }
      let isInformative = Spread(of: rewards) == .informative
      var scored = (isInformative ? estimate(rewards) : rewards.map { _ in 0 }).makeIterator()
      for completion in group {
        let advantage = completion.rewards == nil ? nil : scored.next()
        completions.append(.uniform(advantage ?? 0))
      }
    }
    return Advantages(completions: completions, metrics: metrics)
  }

  /// One advantage per token, group by group.
  ///
  /// `estimate` sees the scored completions of a group and answers for each with one number per
  /// token; unscored completions get exactly 0.
  func tokenAdvantages(
    _ estimate: (_ scored: [(completion: Completion, rewards: RewardStream)]) -> [[Double]]
  ) -> Advantages {
    var completions: [Advantages.Completion] = []
    for group in groups {
      let scored = group.compactMap { completion in completion.rewards.map { (completion, $0) } }
      var estimates = estimate(scored).makeIterator()
      for completion in group {
        let advantages = completion.rewards == nil ? nil : estimates.next()
        completions.append(
          .perToken(advantages ?? Array(repeating: 0, count: completion.tokenCount)))
      }
    }
    return Advantages(completions: completions, metrics: metrics)
  }
}

extension Metric.Name {
  /// The mean reward of all scored completions of a step; absent when none is.
  public static let reward = Metric.Name("reward")
  /// Their standard deviation (ddof 1), not by group; absent when fewer than two are scored.
  public static let rewardDeviation = Metric.Name("reward_std")
  /// The share of completions, among the scored ones, whose group has no spread.
  ///
  /// TRL's definition, but by exact equality where TRL asks whether the standard deviation is within
  /// 1e-8 of 0. A group of one is in the share.
  public static let equalRewards = Metric.Name("frac_reward_zero_std")
  /// Groups of several scored completions with one reward.
  public static let degenerateGroups = Metric.Name("groups/degenerate")
  /// Groups with one scored completion.
  public static let singletonGroups = Metric.Name("groups/singleton")
  /// Groups without a scored completion.
  public static let unscoredGroups = Metric.Name("groups/unscored")
  /// Completions without a reward.
  public static let unscoredCompletions = Metric.Name("rewards/unscored")
}
