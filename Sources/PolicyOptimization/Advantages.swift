/// Turns the rewards of groups into advantages; a package can add its own.
public protocol AdvantageEstimator: Sendable {
  func callAsFunction(_ groups: RewardGroups) -> Advantages
}

/// The advantages of one step's completions, in the order of the groups laid end to end.
public struct Advantages: Sendable {
  /// The advantages of one completion's tokens.
  public enum Completion: Sendable, Equatable {
    /// The same for every token: outcome supervision.
    case uniform(Double)
    /// One for each token: process supervision, and estimators with a value function.
    case perToken([Double])

    /// Shape: [tokenCount].
    public func values(tokenCount: Int) -> [Double] {
      switch self {
      case .uniform(let advantage):
        return Array(repeating: advantage, count: tokenCount)
      case .perToken(let advantages):
        precondition(advantages.count == tokenCount)
        return advantages
      }
    }
  }

  public var completions: [Completion]
  /// Named figures for the log, always in the same order.
  public var statistics: [(name: String, value: Double)]

  public init(completions: [Completion], statistics: [(name: String, value: Double)]) {
    self.completions = completions
    self.statistics = statistics
  }

  /// One advantage per token of all completions, as ``ObjectiveBatch/advantage`` wants them.
  ///
  /// Shapes: tokenCounts: [completions]; result: [Σ tokenCounts].
  public func values(tokenCounts: [Int]) -> [Double] {
    precondition(tokenCounts.count == completions.count)
    return zip(completions, tokenCounts).flatMap { $0.values(tokenCount: $1) }
  }
}
