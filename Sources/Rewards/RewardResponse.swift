/// A reward for one token of a completion.
public struct TokenReward: Sendable, Equatable {
  /// The token's position in the completion, from 0.
  public var index: Int
  public var reward: Double

  public init(index: Int, reward: Double) {
    self.index = index
    self.reward = reward
  }
}

/// What one reward function says about one completion.
public struct Score: Sendable, Equatable {
  public enum Outcome: Sendable, Equatable {
    /// A number for the completion as a whole, earned at its last token.
    case value(Double)
    /// Rewards for single tokens; several may name one token, and then add up.
    case stream([TokenReward])
    /// This function has nothing to say about this completion.
    case notApplicable
    /// The score could not be found out, with the reason in one line.
    case failed(String)
  }

  public var outcome: Outcome

  public init(_ outcome: Outcome) { self.outcome = outcome }

  public static func value(_ value: Double) -> Score { Score(.value(value)) }
  public static func stream(_ entries: [TokenReward]) -> Score { Score(.stream(entries)) }
  public static var notApplicable: Score { Score(.notApplicable) }
  public static func failed(_ reason: String) -> Score { Score(.failed(reason)) }

  /// The completion's reward as one number: the value, or the sum of the stream.
  ///
  /// Nil where there is none.
  public var total: Double? {
    switch outcome {
    case .value(let value): value
    case .stream(let entries): entries.reduce(0) { $0 + $1.reward }
    case .notApplicable, .failed: nil
    }
  }
}

/// What a reward function returns for a request.
public struct RewardResponse: Sendable {
  /// One for each completion of the request, in its order.
  public var scores: [Score]
  /// Further numbers about the batch, to be logged; each finite.
  public var metrics: [(name: String, value: Double)]

  public init(scores: [Score], metrics: [(name: String, value: Double)] = []) {
    self.scores = scores
    self.metrics = metrics
  }
}
