public import Evaluation
public import Formats

/// What a run reports while it runs; the library itself prints nothing.
public enum TrainingEvent: Sendable {
  /// The stages of a run, in their order.
  public enum Stage: String, Sendable, CaseIterable {
    /// Training a tokenizer.
    case tokenizer
    /// Supervised training on right answers.
    case warmStart = "warm start"
    /// Training with rewards.
    case train
    /// Measuring accuracy on held-out questions.
    case evaluate
  }

  /// A stage begins; `detail` says with what.
  case began(Stage, detail: String)
  /// An earlier call finished the stage; `detail` is the path of what it wrote.
  case found(Stage, detail: String)
  /// A step of the warm start, with the line that went to its `metrics.jsonl`.
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
  /// The checkpoint of a step was written to `path`.
  case saved(step: Int, path: String)
  /// A step showed for the first time something that a user should know.
  case finding(Finding)
  /// Leftovers of a process that died while writing were removed; paths within the run.
  case removed([String])
  /// Something a user should know, in one line.
  case warning(String)
}

/// A completion that is shown during training.
public struct SampleShown: Sendable {
  /// The question as the policy reads it.
  public var prompt: String
  /// The completion's text.
  public var completion: String
  /// The completion's reward; nil where it was masked or not scored.
  public var reward: Double?
  /// The mean of Â over the completion's tokens.
  public var advantage: Double
}
