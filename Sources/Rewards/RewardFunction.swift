/// The completions of one step, to be scored together.
public struct RewardRequest: Sendable {
  /// The number of the training step, from 1; 0 in evaluations.
  public var step: Int
  /// All completions; those of one prompt stand next to each other.
  public var completions: [Completion]
  /// How far the run is; nil outside of runs.
  public var progress: RunProgress?

  /// Creates a request.
  public init(step: Int, completions: [Completion], progress: RunProgress? = nil) {
    (self.step, self.completions, self.progress) = (step, completions, progress)
  }
}

/// Scores completions.
///
/// Most rewards look at one completion at a time: conform to ``PerCompletionReward`` or use
/// ``ClosureReward`` then. Conform to this protocol to see a whole batch, to wait for something, or
/// to reward single tokens.
public protocol RewardFunction: Sendable {
  /// The name in logs and messages, unique among the rewards of a run.
  var name: String { get }

  /// Whether a completion of a row without an answer has no score; default: false.
  ///
  /// Where no reward needs answers, data may lack them.
  var needsAnswer: Bool { get }

  /// What a user should know before a run depends on it, one line each; default: nothing.
  var warnings: [String] { get }

  /// What keeps every completion of a row from a score; nil where nothing does, or only scoring
  /// would show it. Default: nil.
  ///
  /// - Parameter row: a completion without text whose prompt, answer and columns are the row's.
  func fault(in row: Completion) -> RowFault?

  /// One score for each completion, in the order of the request.
  ///
  /// An error thrown here ends the run. For a score that could not be computed return
  /// ``Score/failed(_:)`` instead: its completion is masked, and counted.
  func score(_ request: RewardRequest) async throws -> RewardResponse

  /// Prepares what scoring needs; called once before the first step. Default: does nothing.
  ///
  /// - Throws: where it cannot be prepared, which ends the run.
  func start() async throws

  /// Throws where scores given since the last call turned out to be doubtful; default: does
  /// nothing.
  ///
  /// Called before what was made with the scores is saved or reported.
  func confirm() async throws

  /// Releases what ``start()`` prepared; `score` is not called afterwards. Default: does nothing.
  func stop() async
}

extension RewardFunction {
  /// False: data may lack answers.
  public var needsAnswer: Bool { false }
  /// Nothing to warn of.
  public var warnings: [String] { [] }
  /// No fault.
  public func fault(in row: Completion) -> RowFault? { nil }
  /// Does nothing.
  public func start() async throws {}
  /// Does nothing: no score is doubtful.
  public func confirm() async throws {}
  /// Does nothing.
  public func stop() async {}
}
