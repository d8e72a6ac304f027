/// The completions of one step, to be scored together.
public struct RewardRequest: Sendable {
  public var step: Int
  /// All completions; those of one prompt stand next to each other.
  public var completions: [Completion]
  /// How far the run is; nil outside of runs.
  public var progress: RunProgress?

  public init(step: Int, completions: [Completion], progress: RunProgress? = nil) {
    (self.step, self.completions, self.progress) = (step, completions, progress)
  }
}

/// Something that says what completions are worth.
///
/// Most rewards look at one completion at a time: conform to ``PerCompletionReward`` or use
/// ``ClosureReward`` then. Conform to this protocol to see a whole batch, to wait for something,
/// or to reward single tokens.
public protocol RewardFunction: Sendable {
  /// The name in logs and messages, unique among the rewards of a run.
  var name: String { get }

  /// Whether a completion of a row without an answer has no score; false by default.
  ///
  /// Where no reward needs answers, data may lack them.
  var needsAnswer: Bool { get }

  /// What is to be known of it before a run depends on it, in one line each.
  var warnings: [String] { get }

  /// What keeps every completion of a row from a score; nil where nothing does, or only scoring
  /// would show it.
  ///
  /// - Parameter row: a completion without text whose prompt, answer and columns are the row's.
  func fault(in row: Completion) -> RowFault?

  /// One score for each completion, in the order of the request.
  ///
  /// An error thrown here ends the run. A score that could not be found out is
  /// ``Score/failed(_:)`` instead: its completion is left out of the update, and counted.
  func score(_ request: RewardRequest) async throws -> RewardResponse

  /// Makes ready what scoring needs, or throws; called once before the first step.
  func start() async throws

  /// Throws where scores that were given since the last call turned out to be doubtful.
  ///
  /// Called before what was made with them is saved or reported.
  func confirm() async throws

  /// Lets go of what `start` made; `score` is not called afterwards.
  func stop() async
}

extension RewardFunction {
  public var needsAnswer: Bool { false }
  public var warnings: [String] { [] }
  public func fault(in row: Completion) -> RowFault? { nil }
  public func start() async throws {}
  public func confirm() async throws {}
  public func stop() async {}
}
