public import Formats

/// Where the parts of one training run stand.
public struct RunDirectory: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// The recipe as resolved.
  public var recipe: String { "\(path)/recipe.yaml" }
  public var warmStart: String { "\(path)/warm-start" }
  public var warmStartMetrics: String { "\(path)/warm-start/metrics.jsonl" }
  public var warmStartModel: String { "\(path)/warm-start/model" }
  public var metrics: String { "\(path)/metrics.jsonl" }
  public var completions: String { "\(path)/completions.jsonl" }
  public var checkpoints: Checkpoints { Checkpoints(directory: "\(path)/checkpoints") }
  /// The trained model in the Hugging Face layout.
  public var model: String { "\(path)/model" }
  /// The reward model that learned with it, in the Hugging Face layout.
  public var rewardModel: String { "\(path)/reward-model" }
  var lockFile: String { "\(path)/lock" }

  /// Whether nothing has been written here yet; an unused lock file does not count.
  public func isEmpty() throws(FormatError) -> Bool {
    try Files.names(in: path).allSatisfy { $0 == "lock" }
  }

  /// Makes the directory and the ones above it.
  ///
  /// - Throws: a `FormatError` that is `.cannotCreate`, also when `path` is a file.
  public func create() throws(FormatError) { try Files.createDirectory(path) }

  /// Keeps other processes from writing this run until the lock is released.
  ///
  /// - Throws: a `FormatError` that is `.cannotCreate` and names the process that has the lock.
  public func lock() throws(FormatError) -> RunLock { try RunLock(run: self) }
}
