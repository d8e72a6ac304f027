public import Formats

/// Turns the rewards of groups into advantages.
///
/// Conform a type of your own to add an estimator; every requirement but `callAsFunction` has a
/// default.
public protocol AdvantageEstimator: Sendable {
  /// γ, 0 to 1, which value targets are made with; default: 1.
  var discount: Double { get }
  /// λ of generalized advantage estimation, 0 to 1, which value targets are made with; default: 1.
  var lambda: Double { get }
  /// Whether completions must have `values`; default: false.
  var needsValues: Bool { get }
  /// Whether groups must have greedy rewards; default: false.
  var needsGreedyRewards: Bool { get }
  /// Whether the completions of a question are compared with each other; default: true.
  var comparesGroups: Bool { get }
  /// Whether it reads the reward functions one by one and ignores what is added to their sum;
  /// default: false.
  var readsComponents: Bool { get }

  /// The advantages of all completions, in the order of the groups laid end to end.
  ///
  /// A completion without reward gets 0.
  func callAsFunction(_ groups: RewardGroups) -> Advantages
}

extension AdvantageEstimator {
  /// 1: no discount.
  public var discount: Double { 1 }
  /// 1: a λ-return is the reward-to-go.
  public var lambda: Double { 1 }
  /// False: no value function is trained for it.
  public var needsValues: Bool { false }
  /// False: no greedy completions are drawn for it.
  public var needsGreedyRewards: Bool { false }
  /// True: with one completion for each question there is nothing to compare.
  public var comparesGroups: Bool { true }
  /// False: only the sum of the reward functions is read.
  public var readsComponents: Bool { false }
}

/// The advantages of one step's completions, in the order of the groups laid end to end.
public struct Advantages: Sendable {
  /// The advantages of one completion's tokens.
  public enum Completion: Sendable, Equatable {
    /// The same for every token: outcome supervision.
    case uniform(Double)
    /// One for each token: process supervision, and estimators with a value function.
    case perToken([Double])

    /// The advantage of each token.
    ///
    /// Shape: [tokenCount].
    ///
    /// - Precondition: ``perToken(_:)`` has `tokenCount` entries.
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

  /// One entry for each completion, groups laid end to end.
  public var completions: [Completion]
  /// What the log gets, always in the same order.
  public var metrics: [Metric]

  /// Creates the advantages of a step, one entry for each completion.
  public init(completions: [Completion], metrics: [Metric] = []) {
    self.completions = completions
    self.metrics = metrics
  }

  /// One advantage per token of all completions, as ``ObjectiveBatch/advantage`` wants them.
  ///
  /// Shapes: tokenCounts: [completions]; result: [Σ tokenCounts].
  public func values(tokenCounts: [Int]) -> [Double] {
    precondition(tokenCounts.count == completions.count)
    return zip(completions, tokenCounts).flatMap { $0.values(tokenCount: $1) }
  }
}

extension Advantages {
  /// Added to the standard deviation.
  static let whiteningEpsilon = 1e-8

  /// Mean 0 and standard deviation 1 over the tokens of the completions that take part.
  ///
  ///     Â ← (Â − mean(Â)) / (std(Â) + ε),   ε = 1e-8, ddof 1
  ///
  /// The practice of PPO's implementations, on no paper's page. A long completion has more tokens,
  /// so more weight in mean and deviation. The others get exactly 0. So do all when every token
  /// has the same advantage, or there is only one.
  ///
  /// Shapes: tokenCounts, takesPart: [completions].
  func whitened(tokenCounts: [Int], takesPart: [Bool]) -> Advantages {
    let values = completions.indices.map { i in
      takesPart[i] ? completions[i].values(tokenCount: tokenCounts[i]) : []
    }
    let moments = Moments(of: values.flatMap(\.self))
    let whitened: [Completion] = completions.indices.map { i in
      guard takesPart[i], let moments, let deviation = moments.standardDeviation else {
        return .perToken(Array(repeating: 0, count: tokenCounts[i]))
      }
      return .perToken(
        values[i].map { ($0 - moments.mean) / (deviation + Self.whiteningEpsilon) })
    }
    return Advantages(completions: whitened, metrics: metrics)
  }
}
