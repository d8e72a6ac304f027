/// A reward that looks at one completion at a time.
///
///     struct Brevity: PerCompletionReward {
///       let name = "brevity"
///       func score(_ completion: Completion) -> Double? {
///         1 / Double(1 + completion.tokenIDs.count)
///       }
///     }
public protocol PerCompletionReward: RewardFunction {
  /// The completion's reward; nil where this function does not apply.
  ///
  /// An error thrown here makes this one score failed, with the error's text as the reason.
  func score(_ completion: Completion) throws -> Double?
}

extension PerCompletionReward {
  /// Scores the completions one by one; where `score` throws, the completion's score has failed.
  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    RewardResponse(scoring: request.completions) { completion in
      let value: Double? = try score(completion)
      return value.map(Score.value) ?? .notApplicable
    }
  }
}

/// A reward given as a closure.
///
///     ClosureReward("brevity") { 1 / Double(1 + $0.tokenIDs.count) }
public struct ClosureReward: PerCompletionReward {
  /// The name in logs and messages.
  public let name: String
  private let body: @Sendable (Completion) throws -> Double?

  /// Creates a reward from a closure that gives a completion's reward, or nil where it does not
  /// apply.
  public init(_ name: String, _ body: @escaping @Sendable (Completion) throws -> Double?) {
    (self.name, self.body) = (name, body)
  }

  /// What the closure returns.
  public func score(_ completion: Completion) throws -> Double? { try body(completion) }
}
