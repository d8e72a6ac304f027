internal import Formats

/// Punishes a completion for saying the same thing again.
///
///     reward = p·(1 − |distinct n-grams| / |n-grams|)
///
/// over the completion's token ids; 0 for fewer than n tokens. TRL's `get_repetition_penalty_reward`
/// (Yeo et al. 2025, appendix C.2, <https://arxiv.org/abs/2502.03373>). Options: `ngram_size` n
/// (default 3) and `max_penalty` p (default −1). Needs no answer.
public struct RepetitionPenalty: PerCompletionReward, BuiltIn {
  /// The name in recipes.
  public static let name = "repetition_penalty"
  static let summary = "0 or less: punishes repeated n-grams"
  static let example: JSONObject = ["ngram_size": 3, "max_penalty": -0.5]

  /// The name in logs and messages.
  public let name: String
  private let size: Int
  private let penalty: Double

  /// Creates the reward.
  ///
  /// - Parameters:
  ///   - size: n, in tokens.
  ///   - penalty: p, approached where every n-gram is the same; at most 0.
  /// - Precondition: `size` is positive, and `penalty` is finite and not positive.
  public init(label: String = Self.name, size: Int = 3, penalty: Double = -1) {
    precondition(size > 0 && penalty <= 0 && penalty.isFinite)
    (name, self.size, self.penalty) = (label, size, penalty)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    self.init(
      label: label,
      size: try options.integer("ngram_size", "tokens of an n-gram", default: 3, in: 1...1000),
      penalty: try options.number(
        "max_penalty", "the score of a completion that only repeats", default: -1, in: -1e9...0))
  }

  /// p to 0.
  public func score(_ completion: Completion) throws -> Double? {
    let tokens = completion.tokenIDs
    let count = tokens.count - size + 1
    guard count > 0 else { return 0 }
    let distinct = Set((0..<count).map { tokens[$0..<($0 + size)] })
    return penalty * (1 - Double(distinct.count) / Double(count))
  }
}
