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
  public let name: String
  private let body: @Sendable (Completion) throws -> Double?

  public init(_ name: String, _ body: @escaping @Sendable (Completion) throws -> Double?) {
    (self.name, self.body) = (name, body)
  }

  public func score(_ completion: Completion) throws -> Double? { try body(completion) }
}
