internal import Datasets
internal import Formats
internal import Kernels
package import LanguageModel
internal import PolicyOptimization
package import Recipes
package import Rewards
internal import Runs
package import Tokenization

/// A reward model that keeps learning: the last line of iterative GRPO.
///
///     after the M steps of an iteration: new comparisons from the policy's own completions;
///     train on them, with a share of old ones from a reservoir
///
/// Shao et al. 2024 (DeepSeekMath), section 4.1.4 and algorithm 1
/// (<https://arxiv.org/abs/2402.03300>), whose share of history is 10 %. Every eighth question's
/// comparisons are never trained on: those of the present update measure what is new, those kept of
/// earlier ones what is forgotten.
package actor ContinualReward: RewardFunction {
  package nonisolated let name: String
  private let recipe: Recipe.RewardModel
  private let seed: UInt64
  private let trainer: RewardModelTrainer
  private let engine: Engine
  private let encoding: SequenceEncoding
  private var memory: PairReservoir
  /// Pairs of earlier updates that were never trained on.
  private var heldOut: PairReservoir
  /// Rounds of learning so far, each from new comparisons.
  private(set) var updatesMade = 0
  /// What the last of them showed.
  private(set) var lastUpdate: [Metric] = []

  /// - Parameters:
  ///   - model: where it starts; its tokens are the policy's.
  package init(
    _ model: RewardModel, _ recipe: Recipe.RewardModel, tokenizer: any Tokenizer, seed: UInt64,
    threads: Int
  ) {
    (name, self.recipe, self.seed) = (recipe.name, recipe, seed)
    engine = Engine(model.configuration, threads: threads, activationBytes: 256 << 20)
    trainer = RewardModelTrainer(
      model, engine: engine,
      settings: RewardModelTrainer.Settings(
        loss: PreferenceLoss(centring: recipe.centring), learningRate: recipe.learningRate,
        maximumGradientNorm: recipe.maximumGradientNorm))
    encoding = SequenceEncoding(tokenizer, for: model.configuration)
    memory = PairReservoir(size: recipe.replaySize)
    heldOut = PairReservoir(size: Self.heldOutSize)
  }

  private static let heldOutSize = 1024
  private static let heldOutEvery = 8

  /// Scores completions by the ids that were drawn.
  package func score(_ request: RewardRequest) async throws -> RewardResponse {
    RewardResponse(
      scores: trainer.model.scores(
        request.completions.map { (encoding.prompt($0.prompt), $0.tokenIDs) }, engine: engine))
  }

  /// Learns from new comparisons.
  ///
  /// What is not finite is left out of ``lastUpdate``.
  ///
  /// - Throws: `TrainingError.notFinite` where the numbers of every update overflow.
  package func learn(from fresh: [PreferencePair], labels: Int, before step: Int) throws {
    let (new, apart) = Self.parted(fresh)
    let agreement = PreferenceStatistics(trainer.comparisons(fresh))
    let before = trainer.comparisons(heldOut.pairs)
    let overflows = trainer.overflowCount
    let losses = train(on: new)
    if !losses.isEmpty, trainer.overflowCount - overflows == losses.count {
      throw TrainingError.notFinite(
        step: step + 1, what: "the reward model's loss or its gradient",
        cause: OverflowCause(
          "margins", fresh.map(\.margin), stepKey: "reward_model.learning_rate"))
    }
    let after = trainer.comparisons(heldOut.pairs)
    let found = PreferenceStatistics(trainer.comparisons(apart))
    let old = PreferenceStatistics(after)

    let key = RandomKey(seed: seed, purpose: .replay)
    memory.add(new, key: key)
    heldOut.add(apart, key: key)
    updatesMade += 1
    let last = losses.suffix(max(1, losses.count / 10))
    let measured: [(Metric.Name, Double?)] = [
      (.pairs, Double(fresh.count)), (.labels, fresh.isEmpty ? Double(labels) : nil),
      (.labellerAgreement, agreement?.accuracy),
      (.rewardModelLoss, last.isEmpty ? nil : last.reduce(0, +) / Double(last.count)),
      (.freshAccuracy, found?.accuracy), (.calibrationError, found?.calibrationError),
      (.oldAccuracy, old?.accuracy), (.rewardDrift, Self.drift(before, after)),
    ]
    lastUpdate = measured.compactMap { name, value in
      value.flatMap { $0.isFinite ? Metric(name, $0) : nil }
    }
  }

  /// The pairs to train on and those held out: all pairs of every eighth question.
  private static func parted(
    _ pairs: [PreferencePair]
  ) -> (new: [PreferencePair], apart: [PreferencePair]) {
    var (new, apart): ([PreferencePair], [PreferencePair]) = ([], [])
    var question = -1
    for (index, pair) in pairs.enumerated() {
      if index == 0 || pair.prompt != pairs[index - 1].prompt { question += 1 }
      if question % heldOutEvery == 0 { apart.append(pair) } else { new.append(pair) }
    }
    return (new, apart)
  }

  private func train(on new: [PreferencePair]) -> [Double] {
    if new.isEmpty { return [] }
    let order = DataOrder(count: new.count, seed: seed, stream: .newPairs(update: updatesMade))
    let replayed =
      memory.pairs.isEmpty
      ? 0 : Int((recipe.replayShare * Double(recipe.batchSize)).rounded())
    let replay = DataOrder(
      count: max(1, memory.pairs.count), seed: seed, stream: .replayedPairs(update: updatesMade))
    return (0..<recipe.steps).map { step in
      trainer.update(
        order.rows(step: step, count: recipe.batchSize - replayed).map { new[$0] }
          + replay.rows(step: step, count: replayed).map { memory.pairs[$0] })
    }
  }

  private static func drift(
    _ before: [PreferenceLoss.Comparison], _ after: [PreferenceLoss.Comparison]
  ) -> Double? {
    if before.isEmpty { return nil }
    let squares = zip(before, after).reduce(0.0) { sum, pair in
      let (chosen, rejected) = (
        pair.1.chosen - pair.0.chosen, pair.1.rejected - pair.0.rejected
      )
      return sum + chosen * chosen + rejected * rejected
    }
    return (squares / Double(2 * before.count)).squareRoot()
  }

  /// The files of the model's directory, without its tokenizer.
  ///
  /// - Parameter padding: as for `RewardModel.files(padding:)`.
  func modelFiles(padding: Int?) throws -> [(name: String, bytes: [UInt8])] {
    try trainer.model.files(padding: padding)
  }
}

// MARK: Checkpoints

extension ContinualReward {
  /// Everything that the next update depends on, beside ``encodedTensors()``.
  ///
  /// "lesson" is what the first checkpoints called an update.
  var encodedState: JSON {
    [
      "lessons": .integer(updatesMade), "update_count": .integer(trainer.updateCount),
      "memory": memory.encoded, "held_out": heldOut.encoded,
      "lesson": .object(JSONObject(lastUpdate.map { ($0.name.text, .number($0.value)) })),
    ]
  }

  func encodedTensors() throws -> [(name: String, bytes: [UInt8])] {
    try trainer.tensorFiles.encoded()
  }

  func restore(_ state: JSON?, from checkpoint: Checkpoint) throws {
    guard let updatesMade = state?["lessons"]?.natural,
      let entries = state?["lesson"]?.object?.entries,
      case let lastUpdate = entries.compactMap({ entry in
        entry.value.double.map { Metric(Metric.Name(entry.key), $0) }
      }), lastUpdate.count == entries.count,
      let updates = state?["update_count"]?.natural
    else {
      throw FormatError(
        "is missing or incomplete", file: checkpoint.path, field: "state.reward_model")
    }
    func reservoir(_ name: String, _ size: Int) throws(FormatError) -> PairReservoir {
      try PairReservoir(
        decoding: state?[name], size: size, for: trainer.model.configuration,
        file: checkpoint.path, field: "state.reward_model.\(name)")
    }
    memory = try reservoir("memory", recipe.replaySize)
    heldOut = try reservoir("held_out", Self.heldOutSize)
    try trainer.restore(updateCount: updates) { try checkpoint.read($0) }
    (self.updatesMade, self.lastUpdate) = (updatesMade, lastUpdate)
  }
}

extension Metric.Name {
  /// New pairs.
  static let pairs = Metric.Name("reward_model/pairs")
  /// Completions with a label, where there is no new pair.
  static let labels = Metric.Name("reward_model/labels")
  /// The share of new pairs on which the model and the labeller agreed beforehand.
  static let labellerAgreement = Metric.Name("reward_model/agreement")
  /// The mean over the last tenth of the updates.
  static let rewardModelLoss = Metric.Name("reward_model/loss")
  /// On new pairs held out, afterwards.
  static let freshAccuracy = Metric.Name("reward_model/fresh_accuracy")
  /// On new pairs held out, afterwards: see ``PreferenceStatistics/calibrationError``.
  static let calibrationError = Metric.Name("reward_model/calibration_error")
  /// On pairs of earlier updates held out, afterwards.
  static let oldAccuracy = Metric.Name("reward_model/old_accuracy")
  /// The root mean square change of the rewards of completions in those.
  static let rewardDrift = Metric.Name("reward_model/drift")
}
