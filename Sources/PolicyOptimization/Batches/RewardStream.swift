/// The rewards of one completion, each at the token that earned it.
///
/// A score of the whole completion is the special case of one reward at its last token. The
/// stream is sparse: a token without an entry has no reward, which is not the same as a reward
/// of 0 to an estimator that takes statistics over steps.
public struct RewardStream: Sendable, Equatable {
  /// One reward and the token it belongs to, counted from the completion's first token.
  public struct Entry: Sendable, Equatable {
    /// The token that earned the reward, from 0 within the completion.
    public var token: Int
    /// What the token earned; a finite number.
    public var reward: Double

    /// Creates the reward of one token.
    public init(token: Int, reward: Double) {
      self.token = token
      self.reward = reward
    }
  }

  /// The rewards in order of their tokens.
  public let entries: [Entry]

  /// Creates a stream from rewards in order of their tokens; several may share a token.
  ///
  /// - Precondition: rewards are finite, and tokens are at least 0 and in ascending order.
  public init(_ entries: [Entry]) {
    precondition(entries.allSatisfy { $0.reward.isFinite && $0.token >= 0 })
    precondition(zip(entries, entries.dropFirst()).allSatisfy { $0.token <= $1.token })
    self.entries = entries
  }

  /// One score for the whole completion, at its last token (at 0 when it has none).
  public static func terminal(_ reward: Double, tokenCount: Int) -> RewardStream {
    RewardStream([Entry(token: max(0, tokenCount - 1), reward: reward)])
  }

  /// R = Σ r_t, without discount; 0 for an empty stream.
  public var total: Double { entries.reduce(0) { $0 + $1.reward } }
}

extension RewardStream {
  /// r_t of every token, or what `value` makes of it; an empty completion has one entry, for its terminal score.
  ///
  /// Shape: [max(1, tokenCount)].
  func perToken(
    tokenCount: Int, of value: (_ reward: Double) -> Double = { $0 }
  ) -> [Double] {
    var rewards = [Double](repeating: 0, count: max(1, tokenCount))
    for entry in entries { rewards[entry.token] += value(entry.reward) }
    return rewards
  }

  /// The discounted rewards-to-go, from the last token back; those of what `value` makes of each
  /// reward, which may be no finite number.
  ///
  ///     Ĝ_t = r_t + γ·Ĝ_{t+1} = Σ_{t′≥t} γ^{t′−t}·r_{t′}
  ///
  /// Shape: [max(1, tokenCount)].
  func rewardsToGo(
    tokenCount: Int, discount: Double, of value: (_ reward: Double) -> Double = { $0 }
  ) -> [Double] {
    var returns = perToken(tokenCount: tokenCount, of: value)
    for t in returns.indices.dropLast().reversed() { returns[t] += discount * returns[t + 1] }
    return returns
  }

  /// The discounted return of the whole completion, Ĝ₀.
  func discountedReturn(tokenCount: Int, discount: Double) -> Double {
    rewardsToGo(tokenCount: tokenCount, discount: discount)[0]
  }
}
