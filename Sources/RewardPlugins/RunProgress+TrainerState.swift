internal import Formats
internal import Rewards

extension RunProgress {
  /// The progress under the names of transformers' `TrainerState`, as far as it has them.
  var trainerState: JSONObject {
    var state: JSONObject = [
      "global_step": .integer(steps), "max_steps": .integer(totalSteps),
      "epoch": .number(epochs), "num_train_epochs": .integer(totalEpochs),
      "num_input_tokens_seen": .integer(tokens),
      "train_batch_size": .integer(completionsPerStep), "logging_steps": 1,
    ]
    state["save_steps"] = .integer(checkpointSteps ?? totalSteps)
    if let evaluationSteps { state["eval_steps"] = .integer(evaluationSteps) }
    return state
  }
}
