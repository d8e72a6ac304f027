/// The reward of one completion: the weighted rewards of all functions, token by token.
///
/// A score for the completion as a whole stands at the last token.
public struct CompletionReward: Sendable, Equatable {
  /// At most one entry a token, by ascending token.
  public private(set) var entries: [TokenReward] = []

  /// The completion's whole reward: the sum of weight times reward over everything added.
  ///
  /// Equals the sum of the entries up to rounding. A completion without tokens has no entry to bear
  /// its reward, but has a total.
  public private(set) var total: Double = 0

  /// Creates a reward to which nothing is added yet: no entries and total 0.
  public init() {}

  /// Adds a score for the completion as a whole.
  public mutating func add(_ reward: Double, atEndOf tokenCount: Int, weight: Double = 1) {
    total += weight * reward
    if tokenCount > 0 {
      merge([TokenReward(index: tokenCount - 1, reward: weight * reward)])
    }
  }

  /// Adds rewards for single tokens.
  public mutating func add(_ rewards: [TokenReward], weight: Double = 1) {
    total += weight * rewards.reduce(0) { $0 + $1.reward }
    merge(rewards.map { TokenReward(index: $0.index, reward: weight * $0.reward) })
  }

  private mutating func merge(_ rewards: [TokenReward]) {
    var sums: [Int: Double] = [:]
    for entry in entries + rewards { sums[entry.index, default: 0] += entry.reward }
    entries = sums.keys.sorted().map { TokenReward(index: $0, reward: sums[$0] ?? 0) }
  }
}
