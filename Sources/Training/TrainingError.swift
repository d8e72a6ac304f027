internal import Kernels
public import Recipes

/// What ends a run before its last step.
public enum TrainingError: Error, CustomStringConvertible, Sendable {
  /// Asked to stop; everything up to `step` is saved.
  case stopped(step: Int)
  /// The stage had saved nothing when the run was asked to stop.
  case stoppedEarly(stage: TrainingEvent.Stage)
  /// Numbers are not finite, or too large for what is written of them.
  case notFinite(step: Int, what: String, cause: OverflowCause)
  /// The objective does not do what it must.
  case selfCheck(step: Int, problem: String)
  /// An objective or an estimator from outside needs what the recipe's run cannot give it.
  case unmetNeed(String)
  /// Too many at once, or in too many steps in a row.
  case rewardsFailed(step: Int, masked: Int, of: Int, inARow: Int, reason: String)
  case labelsFailed(step: Int, masked: Int, of: Int, reason: String)
  /// What the directory was made with is not what it would go on with.
  case differentInputs(path: String, [Recipe.Difference])
  /// Differences are allowed of a field that there is none of.
  case unknownField(String, suggestion: String?)
  /// Fewer steps are asked for than are done.
  case fewerSteps(path: String, steps: Int, done: Int)
  /// Further steps are asked for, and there is nothing to go on from.
  case noCheckpoint(path: String, step: Int)
  /// The directory holds no run, and something else.
  case outputInUse(path: String, content: String)
  /// Training has begun in the directory, and nobody said that it goes on.
  case holdsRun(path: String)
  case missingStart(path: String)
  /// A model that the run has made cannot be read any more.
  case damaged(path: String, problem: String)
  /// The machine has less memory than the run needs at least.
  case tooLarge(LargePart, bytes: Double, available: Int)
  case noSuchQuestion(row: Int, count: Int)
  /// Dynamic sampling has left out the question that is to be explained.
  case questionLeftOut(row: Int, step: Int)

  /// What takes most of the memory that there is too little of.
  public enum LargePart: Sendable {
    case model, step, evaluation
  }

  public var description: String {
    switch self {
    case .stopped(step: 0): "stopped before the first step"
    case .stopped(let step): "stopped after step \(step), which is saved"
    case .stoppedEarly(.train): "stopped during the training, which begins anew"
    case .stoppedEarly(.evaluate): "stopped during the evaluation; the model is saved"
    case .stoppedEarly(let stage): "stopped during the \(stage.rawValue), which begins anew"
    case .notFinite(let step, let what, .weights):
      "step \(step): \(what) is not finite (need finite numbers)"
    case .notFinite(let step, let what, .values(let name, let largest)):
      "step \(step): \(what) overflows: the \(name) are as large as \(largest)"
    case .selfCheck(let step, let problem): "step \(step): self-check: \(problem)"
    case .unmetNeed(let need): need
    case .rewardsFailed(let step, let masked, let count, let steps, let reason):
      "step \(step): \(masked) of \(count) rewards failed"
        + (steps > 1 ? ", as some did in the \(steps - 1) steps before" : "") + ": \(reason)"
    case .labelsFailed(let step, let masked, let count, let reason):
      "before step \(step): \(masked) of \(count) labels for the reward model failed: \(reason)"
    case .differentInputs(let path, let differences):
      differences.map { $0.problem(of: path) }.joined(separator: "; ")
    case .unknownField(let field, let suggestion):
      "nothing is called \(field)" + (suggestion.map { "; did you mean \($0)?" } ?? "")
    case .fewerSteps(let path, let steps, let done):
      "\(path): has made more steps already (got \(steps) in all; need at least \(done))"
    case .noCheckpoint(let path, let step):
      "\(path): cannot go on after step \(step), whose checkpoint is gone"
    case .outputInUse(let path, let content):
      "\(path): is not empty and holds no run (got \(content); need an empty directory)"
    case .holdsRun(let path): "\(path): holds a run (need --resume, or an empty directory)"
    case .noSuchQuestion(let row, let count):
      "there is no question \(row) (need 0 to \(count - 1))"
    case .questionLeftOut(let row, let step):
      "step \(step): question \(row) is left out, since all its completions earn the same"
    case .missingStart(let path): "\(path): there is no policy to start from"
    case .tooLarge(let part, let bytes, let available):
      "\(part.inWords) too large (needs \(MachineMemory.gibibytes(bytes)) of memory at least; this machine "
        + "has \(MachineMemory.gibibytes(Double(available))))"
    case .damaged(_, let problem): problem
    }
  }
}

extension TrainingError.LargePart {
  /// The recipe's section, and what of it.
  fileprivate var inWords: String {
    switch self {
    case .model: "model: is"
    case .step: "train: the completions of a step are"
    case .evaluation: "evaluation: is"
    }
  }
}
