internal import Kernels
public import Recipes

/// What stops a run before its last step, or keeps it from beginning.
public enum TrainingError: Error, CustomStringConvertible, Sendable {
  /// The run was asked to stop; everything up to `step` is saved.
  case stopped(step: Int)
  /// The stage had saved nothing when the run was asked to stop.
  case stoppedEarly(stage: TrainingEvent.Stage)
  /// Numbers are not finite, or too large to be written.
  case notFinite(step: Int, what: String, cause: OverflowCause)
  /// The objective does not respond to advantages as it must, or not at all.
  case selfCheck(step: Int, problem: String)
  /// An objective or an estimator of another package needs what the recipe's run cannot provide.
  case unmetNeed(String)
  /// Too many rewards failed, in one step or in several steps in a row.
  case rewardsFailed(step: Int, masked: Int, of: Int, inARow: Int, reason: String)
  /// Too many labels of the reward model's comparisons failed.
  case labelsFailed(step: Int, masked: Int, of: Int, reason: String)
  /// The run in the directory was started with other inputs.
  case differentInputs(path: String, [Recipe.Difference])
  /// A difference is allowed in a key or file that does not exist; `suggestion` is the nearest
  /// name.
  case unknownField(String, suggestion: String?)
  /// Fewer steps are asked for than are done.
  case fewerSteps(path: String, steps: Int, done: Int)
  /// Further steps are asked for, but the checkpoint to resume from is gone.
  case noCheckpoint(path: String, step: Int)
  /// The directory is not empty, and holds no run.
  case outputInUse(path: String, content: String)
  /// Training has begun in the directory, and resuming was not asked for.
  case holdsRun(path: String)
  /// Training alone was asked for, and there is no warm start to begin from.
  case missingStart(path: String)
  /// A model that the run made cannot be read any more.
  case damaged(path: String, problem: String)
  /// The machine has less memory than the run needs at least, in bytes.
  case tooLarge(LargePart, bytes: Double, available: Int)
  /// `row` is no question of the training data.
  case noSuchQuestion(row: Int, count: Int)
  /// Dynamic sampling replaced the question that is to be explained.
  case questionLeftOut(row: Int, step: Int)

  /// The part of a run that takes most of the memory.
  public enum LargePart: Sendable {
    /// The model, with gradients and optimizer states.
    case model
    /// The completions of a training step.
    case step
    /// The completions of an evaluation.
    case evaluation
  }

  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .stopped(step: 0): "stopped before the first step"
    case .stopped(let step): "stopped after step \(step), which is saved"
    case .stoppedEarly(.train): "stopped during training, which will start over"
    case .stoppedEarly(.evaluate): "stopped during the evaluation; the model is saved"
    case .stoppedEarly(let stage): "stopped during the \(stage.rawValue), which will start over"
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
      "no key or input is named \(field)" + (suggestion.map { "; did you mean \($0)?" } ?? "")
    case .fewerSteps(let path, let steps, let done):
      "\(path): has already made more steps (got \(steps); need at least \(done))"
    case .noCheckpoint(let path, let step):
      "\(path): cannot resume after step \(step): its checkpoint is missing"
    case .outputInUse(let path, let content):
      "\(path): is not empty and holds no run (got \(content); need an empty directory)"
    case .holdsRun(let path): "\(path): holds a run (need --resume, or an empty directory)"
    case .noSuchQuestion(let row, let count):
      "there is no question \(row) (need 0 to \(count - 1))"
    case .questionLeftOut(let row, let step):
      "step \(step): dynamic sampling skipped question \(row): all its completions have the same reward"
    case .missingStart(let path): "\(path): there is no policy to start from"
    case .tooLarge(let part, let bytes, let available):
      "\(part.inWords) too large (needs at least \(MachineMemory.gibibytes(bytes)) of memory; this machine "
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
