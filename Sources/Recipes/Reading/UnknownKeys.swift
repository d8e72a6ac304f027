internal import Formats
internal import Rewards

extension Fields {
  /// Keys that earlier versions wrote into the recipe of every run, with the value at which they had no
  /// effect: a run begun then goes on.
  private static let retired = ["train.use_adaptive_entropy": "false"]

  /// Reports the keys that nobody asked for.
  func refuseUnknownKeys() {
    for entry in unread where Self.retired[context[entry.key].path] != entry.value.found {
      context.journal.refuse(
        context[entry.key].path, RecipeError(unknown: entry, among: known, context))
    }
  }
}

extension RecipeError {
  /// What TRL and transformers call a key, where no other program's name is near to ours.
  private static let namesElsewhere: KeyValuePairs = [
    "max_steps": "steps", "lr": "learning_rate", "loss_type": "algorithm",
    "per_device_train_batch_size": "questions_per_step", "save_steps": "checkpoint_steps",
    "generation_batch_size": "questions_per_step",
    "gradient_accumulation_steps": "num_mini_batches", "model_name_or_path": "path",
    "epsilon_low": "epsilon",
  ]

  /// A key of a map that is none of those that are `known`, with the one that may be meant.
  package init(unknown entry: Node.Entry, among known: [String], _ context: Context) {
    let elsewhere = Self.namesElsewhere.first {
      $0.key.hasSameBytes(as: entry.key) && known.contains($0.value)
    }
    let hint =
      (elsewhere?.value ?? Spelling.closest(to: entry.key, among: known))
      .map { "did you mean \($0)?" }
      ?? "need one of \(known.joined(separator: ", "))"
    self.init(
      "unknown key (\(hint))", field: context[entry.key.shortened()].path, at: entry.value.place)
  }
}
