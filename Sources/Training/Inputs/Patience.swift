internal import RewardPlugins
internal import Rewards

/// How long a run that is asked to stop waits for its rewards.
///
/// A reward that answers in time lets the step be finished and saved. A later one is cancelled, and
/// the unfinished step is thrown away.
public struct Patience: Sendable {
  private let grace: Duration
  private let isStopping: @Sendable () -> Bool

  /// Creates a patience.
  ///
  /// - Parameters:
  ///   - grace: how long rewards are waited for once the run is asked to stop.
  ///   - isStopping: whether it is; asked while rewards are waited for.
  public init(grace: Duration, isStopping: @escaping @Sendable () -> Bool) {
    (self.grace, self.isStopping) = (grace, isStopping)
  }

  /// What the work gives.
  ///
  /// - Throws: What the work throws; `CancellationError` where it was not waited for.
  func wait<Value: Sendable>(
    for work: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let outcome = await Timed(
      clock: {
        while !isStopping() { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: grace)
      },
      work: {
        do {
          return Result<Value, any Error>.success(try await work())
        } catch {
          return .failure(error)
        }
      })
    if outcome.isLate { throw CancellationError() }
    return try outcome.value.get()
  }
}

extension RewardSet.Entry {
  /// The same, waited for with patience.
  ///
  /// Rewards that compare answers are computed here, and never late.
  func waited(with patience: Patience?) -> Self {
    guard let patience, !(function is any AnswerComparing) else { return self }
    var entry = self
    entry.function = PatientReward(reward: function, patience: patience)
    return entry
  }
}

/// A reward that is waited for with patience.
private struct PatientReward: RewardFunction {
  let reward: any RewardFunction
  let patience: Patience

  var name: String { reward.name }
  var needsAnswer: Bool { reward.needsAnswer }
  var warnings: [String] { reward.warnings }

  func fault(in row: Completion) -> RowFault? { reward.fault(in: row) }

  func start() async throws { try await patience.wait { try await reward.start() } }

  func score(_ request: RewardRequest) async throws -> RewardResponse {
    try await patience.wait { try await reward.score(request) }
  }

  func confirm() async throws { try await reward.confirm() }

  func stop() async { await reward.stop() }
}
