public import Evaluation
public import Formats

/// What a run reports while it goes on; the library itself prints nothing.
public enum TrainingEvent: Sendable {
  public enum Stage: String, Sendable, CaseIterable {
    case tokenizer
    case warmStart = "warm start"
    case train
    case evaluate
  }

  /// A stage begins; `detail` says with what.
  case began(Stage, detail: String)
  /// A stage was found done by an earlier run.
  case found(Stage, detail: String)
  case warmStartStep(step: Int, of: Int, metrics: JSONObject)
  /// The warm start is made.
  case warmStarted(WarmStartResult)
  /// A training step, with the line that went to `metrics.jsonl`.
  case step(step: Int, of: Int, metrics: JSONObject)
  /// The reference policy was set to the policy before this step.
  case referenceReset(step: Int)
  /// A few completions of a step's first question with their rewards, no text twice.
  case completions(step: Int, [SampleShown])
  /// Held-out accuracy while training; step 0 is the warm start.
  case evaluated(step: Int, EvaluationReport)
  /// The reward model learned from new comparisons before this step.
  case rewardModelLearned(step: Int, metrics: [Metric])
  case saved(step: Int, path: String)
  /// A step showed something for the first time that its user should know.
  case finding(Finding)
  /// What a process that died while writing had left in the run was removed: paths within it.
  case removed([String])
  case warning(String)
}

/// A completion as it is shown while training goes on.
public struct SampleShown: Sendable {
  public var prompt: String
  public var completion: String
  /// nil where the completion was masked or not scored.
  public var reward: Double?
  public var advantage: Double
}
