internal import Formats
internal import LanguageModel
internal import PolicyOptimization
internal import Runs

/// What a checkpoint holds: everything that the next step depends on.
///
/// Random numbers are keyed by step, so there is no generator to save, and checkpoints are taken
/// between steps, so no rollout is in flight.
struct TrainingState {
  /// Steps that are done.
  var step = 0
  var updateCount = 0
  /// Updates of the value function.
  var valueUpdateCount = 0
  /// Coefficients of the objective that adapt, as they are now.
  var adaptive: [String: Double] = [:]
  /// Prompt and completion tokens that were trained on so far.
  var tokenCount = 0
  /// Steps in a row in which an update was refused since its numbers overflow.
  var notFiniteInARow = 0
  /// Steps in a row in which a reward failed.
  var maskedInARow = 0
  /// Bytes of the logs that belong to the steps done.
  var metricsOffset = 0
  var completionsOffset = 0
}

extension TrainingState {
  var encoded: JSONObject {
    [
      "step": .integer(step), "update_count": .integer(updateCount),
      "value_update_count": .integer(valueUpdateCount),
      "adaptive": .object(
        JSONObject(adaptive.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })),
      "token_count": .integer(tokenCount), "not_finite_in_a_row": .integer(notFiniteInARow),
      "masked_in_a_row": .integer(maskedInARow),
      "metrics_offset": .integer(metricsOffset),
      "completions_offset": .integer(completionsOffset),
    ]
  }

  /// - Parameter coefficients: The names of those that adapt.
  init(decoding json: JSON, coefficients: [String], file: String) throws(FormatError) {
    func integer(_ key: String) throws(FormatError) -> Int {
      guard let value = json[key]?.natural else {
        throw FormatError(
          "got \(json[key]?.encoded() ?? "nothing"); need a whole number from 0 to "
            + "\(JSON.largestNatural)", file: file, field: "state.\(key)")
      }
      return value
    }
    self.init(
      step: try integer("step"), updateCount: try integer("update_count"),
      valueUpdateCount: try integer("value_update_count"),
      adaptive: try Self.adaptive(json["adaptive"], coefficients, file: file),
      tokenCount: try integer("token_count"),
      notFiniteInARow: try integer("not_finite_in_a_row"),
      maskedInARow: try integer("masked_in_a_row"),
      metricsOffset: try integer("metrics_offset"),
      completionsOffset: try integer("completions_offset"))
  }

  /// Coefficients by their names; the list that earlier versions wrote has those of `names` that adapt.
  private static func adaptive(
    _ json: JSON?, _ names: [String], file: String
  ) throws(FormatError) -> [String: Double] {
    let list = json?.array.map { zip(earlierOrder.filter(names.contains), $0).map { ($0, $1) } }
    let found = list ?? json?.object?.entries.map { ($0.key, $0.value) } ?? []
    let coefficients = found.compactMap { name, value in
      value.double.flatMap { $0.isFinite ? (name, $0) : nil }
    }
    guard let count = json?.array?.count ?? json?.object?.count, count == coefficients.count else {
      throw FormatError(
        "got \(json?.encoded() ?? "nothing"); need an object of numbers", file: file,
        field: "state.adaptive")
    }
    return Dictionary(uniqueKeysWithValues: coefficients)
  }

  private static let earlierOrder = ["kl_coef", "kl_old_coef"]
}

extension Checkpoint {
  /// Sets a trainer, and the reward model that learns with it, to what they were after the
  /// checkpoint's step.
  ///
  /// - Throws: a `FormatError`; both are then of no use before another checkpoint is restored.
  func restore(
    _ trainer: PolicyTrainer, _ rewardModel: ContinualReward?
  ) async throws -> TrainingState {
    let state = try TrainingState(
      decoding: self.state, coefficients: Array(trainer.objective.adaptiveState.keys), file: path)
    guard state.step == step else {
      throw FormatError(
        "does not fit the directory (got \(state.step); need \(step))", file: path,
        field: "state.step")
    }
    try trainer.tensorFiles.restore { try read($0) }
    try trainer.restore(state, file: path)
    try await rewardModel?.restore(self.state["reward_model"], from: self)
    return state
  }
}

extension PolicyTrainer {
  /// Takes over the counters and coefficients of a checkpoint.
  func restore(_ state: TrainingState, file: String) throws(FormatError) {
    let need = objective.adaptiveState.keys
    guard state.adaptive.keys == need else {
      func list(_ names: Dictionary<String, Double>.Keys) -> String {
        names.isEmpty ? "nothing" : names.sorted().joined(separator: ", ")
      }
      throw FormatError(
        "got \(list(state.adaptive.keys)); need \(list(need))", file: file, field: "state.adaptive")
    }
    rule.updateCount = state.updateCount
    value?.updateCount = state.valueUpdateCount
    objective.adaptiveState = state.adaptive
  }

  /// Writes its counters and coefficients down.
  func record(in state: inout TrainingState) {
    state.updateCount = rule.updateCount
    state.valueUpdateCount = value?.updateCount ?? 0
    state.adaptive = objective.adaptiveState
  }

  /// Whether the updates made are those that `state` counts, and none since.
  func hasMadeUpdates(of state: TrainingState) -> Bool {
    rule.updateCount == state.updateCount
      && (value?.updateCount ?? 0) == state.valueUpdateCount
  }

  /// What a checkpoint holds beside the state.
  var tensorFiles: TensorFiles {
    var parts = [("model", policy.buffer)]
    if let reference { parts.append(("reference", reference.parameters.buffer)) }
    parts += rule.state.map { ($0.name, $0.numbers) }
    parts += value?.trunkState.map { ("value_" + $0.name, $0.numbers) } ?? []
    return TensorFiles(
      configuration: policy.configuration, parts: parts.map { (name: $0.0, numbers: $0.1) },
      head: value.map { ("value_head", $0.headState) })
  }
}
