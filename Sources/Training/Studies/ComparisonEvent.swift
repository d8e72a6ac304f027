/// What a comparison reports while it runs; runs are named as in "caesar, seed 1, beta=0".
public enum ComparisonEvent: Sendable {
  /// A warm start is done, now or in an earlier comparison, or could not be made.
  case warmStarted(String, problem: ComparedRun.Problem?, done: Int, of: Int)
  /// A step of a run in progress.
  case stepped(String, step: Int, of: Int)
  /// A run finished or failed, now or in an earlier comparison.
  case ended(ComparedRun, done: Int, of: Int, wasThere: Bool)
  /// Something a user should know, in one line.
  case warning(String)
}

/// What ends a comparison before its last run; to resume, compare again.
public enum ComparisonError: Error {
  /// The comparison, or one of its runs, was asked to stop.
  case stopped(done: Int, of: Int, what: String)
  /// A run in the directory belongs to another comparison, or cannot be read.
  case run(String, any Error)
}

extension ComparisonError: CustomStringConvertible {
  /// What ended it, in one line.
  public var description: String {
    switch self {
    case .stopped(let done, let count, let what):
      "stopped with \(done) of \(count) \(what) done; unfinished ones are saved"
    case .run(let name, let error): "\(name): \(error)"
    }
  }
}
