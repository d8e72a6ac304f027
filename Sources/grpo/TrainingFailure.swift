import Formats
import Recipes
import RewardPlugins
import Runs
import Training

extension Failure {
  /// What ended a run.
  init(_ error: TrainingError) {
    self.init(error.status, error.description.visible(), help: error.help)
    switch error {
    case .stopped, .stoppedEarly: isError = false
    case .unknownField: problems = problems.map { $0.of("--allow") }
    case .differentInputs(let path, let differences):
      problems = differences.map { Problem($0, of: path) }
    default: break
    }
  }
}

extension TrainingError {
  fileprivate var status: ExitStatus {
    switch self {
    case .stopped, .stoppedEarly: .resumable
    case .notFinite, .selfCheck: .numerics
    case .rewardsFailed, .labelsFailed: .rewardFailed
    case .differentInputs(_, let differences):
      differences.contains { $0.file == nil } ? .badRecipe : .badData
    case .unknownField, .noSuchQuestion, .questionLeftOut: .usage
    case .fewerSteps, .tooLarge, .unmetNeed: .badRecipe
    case .noCheckpoint, .damaged: .badData
    case .outputInUse, .holdsRun: .cannotCreate
    case .missingStart: .missingInput
    }
  }

  /// What to do.
  fileprivate var help: String? {
    switch self {
    case .stopped, .stoppedEarly, .unknownField, .noSuchQuestion, .questionLeftOut, .unmetNeed: nil
    case .notFinite(_, _, .weights(let stepKey)):
      "what was saved is from before; a lower \(stepKey) often helps"
    case .notFinite(_, _, .values(let name, _)):
      "scale or clip the \(name), so that they are of the order of 1; what was saved is from before"
    case .rewardsFailed(let step, _, _, _, let reason):
      Self.mending("rewards", reason, step: step)
    case .labelsFailed(let step, _, _, let reason):
      Self.mending("reward_model", reason, step: step)
    case .differentInputs(let path, let differences):
      "undo the changes\(Self.remaking(differences, in: path))"
        + ", or give the new run a place with --output"
        + (differences.contains { $0.field == "train.steps_per_iteration" }
          ? "; a longer run of the same recipe has more train.outer_iterations" : "")
    case .fewerSteps, .noCheckpoint: "give the new run a place with --output"
    case .outputInUse: "give another place with --output"
    case .holdsRun: "go on with --resume, or give another --output"
    case .selfCheck: "the objective is broken: please report it with the recipe"
    case .tooLarge(.model, _, _):
      "take a smaller model, or fewer and shorter completions of a question"
    case .tooLarge(.step, _, _):
      "lower train.questions_per_step, train.num_generations or train.max_completion_length, or "
        + "those of reward_model"
    case .tooLarge(.evaluation, _, _):
      "lower evaluation.samples, evaluation.questions or train.max_completion_length"
    case .damaged(let path, _): "remove \(path.visible()): grpo run makes it again"
    case .missingStart:
      "grpo sft makes the warm start, and grpo run makes every stage that is missing"
    }
  }

  /// What helps, too, where what the run has made itself is not what it made.
  private static func remaking(_ differences: [Recipe.Difference], in path: String) -> String {
    let made = differences.map(\.field).compactMap { field -> String? in
      if field.hasPrefix("warm-start/") { return "warm-start" }
      return field == "tokenizer.model" ? field : nil
    }
    return made.first.map { ", or remove \(path)/\($0), which is made again".visible() } ?? ""
  }

  /// What helps where a reward fails; with steps behind it a run goes on with another reward only if
  /// its user says so.
  private static func mending(_ section: String, _ reason: String, step: Int) -> String {
    (LimitHint.named(in: reason)?.help ?? "mend the reward") + ", then give the same command again"
      + (step > 1 ? " with --allow \(section)" : "")
  }
}
