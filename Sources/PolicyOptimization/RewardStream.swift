/// The rewards of one completion, each at the token that earned it.
///
/// A score of the whole completion is the special case of one reward at its last token. The
/// stream is sparse: a token without an entry has no reward, which is not the same as a reward
/// of 0 to an estimator that takes statistics over steps.
public struct RewardStream: Sendable, Equatable {
  /// One reward and the token it belongs to, counted from the completion's first token.
  public struct Entry: Sendable, Equatable {
    public var token: Int
    public var reward: Double

    public init(token: Int, reward: Double) {
      self.token = token
      self.reward = reward
    }
  }

  public let entries: [Entry]

  /// A stream of finite rewards in order of their tokens; several may share a token.
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
