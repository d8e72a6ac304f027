internal import Formats
internal import Rewards

extension Fields {
  /// Keys of earlier versions.
  ///
  /// The first stands in the recipe of every run begun then, which goes on where it had no effect.
  private static let retired = [
    "use_adaptive_entropy", "entropy_target", "entropy_coef_delta", "entropy_coef_min",
    "entropy_coef_max",
  ].map { "train.\($0)" }

  /// Reports the keys that nobody asked for.
  func refuseUnknownKeys() {
    for entry in unread {
      let path = context[entry.key].path
      if path == Self.retired[0], entry.value.found == "false" { continue }
      context.journal.refuse(
        path,
        Self.retired.contains(path)
          ? RecipeError(
            "is gone (entropy_coef does not adapt any more)", field: path, at: entry.value.place)
          : RecipeError(
            unknown: entry, among: known, context,
            elsewhere: Recipe.paths(of: entry.key, besides: context.path)))
    }
  }
}

extension Recipe {
  /// The keys of every section, whether they have an effect or not.
  private static let keysOfSections = [
    "": keys(Recipe.self), "data": keys(Data.self), "tokenizer": keys(Tokenizer.self),
    "model": keys(Model.self), "warm_start": keys(WarmStart.self), "train": keys(Train.self),
    "train.value": keys(ValueFunction.self), "reward_model": keys(RewardModel.self),
    "evaluation": keys(Evaluation.self),
  ]

  private static func keys<Value: Section>(_ section: Value.Type) -> [String] {
    Fields.keys {
      var value = section.init()
      value.declare($0)
    }
  }

  /// Where a key stands that is none of a section's: its paths, none outside of sections.
  fileprivate static func paths(of key: String, besides section: String) -> [String] {
    guard keysOfSections[section] != nil else { return [] }
    let others = keysOfSections.filter { $1.contains { $0.hasSameBytes(as: key) } }.keys
    return others.sorted().map { $0.isEmpty ? key : "\($0).\(key)" }
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
  ///
  /// - Parameter paths: Keys of this name in other sections.
  package init(
    unknown entry: Node.Entry, among known: [String], _ context: Context,
    elsewhere paths: [String] = []
  ) {
    let elsewhere = Self.namesElsewhere.first {
      $0.key.hasSameBytes(as: entry.key) && known.contains($0.value)
    }
    let hint =
      (elsewhere?.value ?? (paths.isEmpty ? nil : paths.joined(separator: " or "))
        ?? Spelling.closest(to: entry.key, among: known))
      .map { "did you mean \($0)?" }
      ?? "need one of \(known.joined(separator: ", "))"
    self.init(
      "unknown key (\(hint))", field: context[entry.key.shortened()].path, at: entry.value.place)
  }
}
