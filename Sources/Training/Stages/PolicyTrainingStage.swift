internal import Datasets
internal import Evaluation
internal import Formats
internal import Kernels
internal import LanguageModel
internal import PolicyOptimization
internal import Recipes
internal import Rewards
internal import Runs
internal import Sampling
internal import Tokenization

// Trains the policy: runs the loop with rewards and reward model, and writes the models.
extension TrainingRun {
  func trainPolicy(from start: Start, resume: Bool) async throws {
    guard let train = recipe.train else { return }
    if isTrained {
      report(.found(.train, detail: run.model))
      if let problem = LogReading.problem(at: run.completions) {
        report(.warning("\(problem); ignored, because training has finished"))
      }
      return
    }
    let loop = try loop(
      train, from: start,
      host: TrainingLoop.Host(
        directory: run, willSave: writeAccepted,
        report: {
          self.report($0)
          if case .saved = $0 { self.recordWrittenAtSave() }
        }, isCancelled: isCancelled))
    let (rewards, rewardModel) = (loop.source.rewards, loop.rewardModel)
    for entry in rewards.entries {
      for text in entry.function.warnings {
        report(.warning("reward \(entry.function.name): \(text)"))
      }
    }
    for entry in rewards.entries where entry.onError == .zero {
      report(
        .warning(
          "reward \(entry.function.name): on_error zero counts failed scores as 0, which can be wrong"
        ))
    }
    do {
      lastAnswers = try await loop.whileRewardsRun {
        try await loop.run(resuming: resume)
      }
    } catch {
      throw try ending(.train, with: error)
    }
    var models = [(path: run.model, files: try start.files())]
    if let rewardModel {
      // A run that died between its two models has written this one already.
      if Files.exists(run.rewardModel) { try run.remove(run.rewardModel) }
      models.insert((run.rewardModel, try await modelFiles(of: rewardModel, start)), at: 0)
    }
    try writeAccepted()
    for model in models { try run.writeDirectory(model.files, to: model.path) }
  }

  /// The loop that `start` is trained in, with the program's own objective and advantage.
  func loop(
    _ train: Recipe.Train, from start: Start, host: TrainingLoop.Host
  ) throws -> TrainingLoop {
    try checkMemory(for: start.model.configuration)
    let sampler = try sampler(start)
    let rewardModel = try rewardModelUpdate(start)
    let rewards = try rewardSet(with: rewardModel)
    return TrainingLoop(
      recipe, train,
      from: RolloutSource(
        questions: questions, prompts: try sampler.encode(questions), sampler: sampler,
        rewards: rewards),
      trainer: PolicyTrainer(
        engine: sampler.engine, policy: start.model.parameters, settings: try settings(of: train)),
      rewardModel: rewardModel,
      evaluator: recipe.evaluation?.every == nil ? nil : try evaluator(sampler, rewards),
      host: host)
  }

  /// The reward model of the recipe, as training starts with it.
  func rewardModelUpdate(_ start: Start) throws -> RewardModelUpdate? {
    try recipe.rewardModel.map {
      try RewardModelUpdate(
        $0, policy: start, seed: recipe.seed, threads: workers.count, patience: patience)
    }
  }

  /// How the policy is trained, with the program's own objective and advantage.
  ///
  /// - Throws: `TrainingError.unmetNeed` where they ask for what the recipe cannot give.
  func settings(of train: Recipe.Train) throws(TrainingError) -> PolicyTrainer.Settings {
    let settings = PolicyTrainer.Settings(
      train, seed: recipe.seed, objective: ownObjective, advantage: ownAdvantage)
    try settings.checkNeeds()
    return settings
  }

  /// The directory of the reward model as training has left it.
  private func modelFiles(
    of rewardModel: RewardModelUpdate, _ start: Start
  ) async throws -> [(name: String, bytes: [UInt8])] {
    let configuration = start.model.configuration
    return try await rewardModel.model.modelFiles(
      padding: start.tokenizer.padding(of: configuration))
      + start.tokenizer.huggingFaceFiles(for: configuration)
  }

  /// The recipe's rewards, and what the reward model says.
  func rewardSet(with rewardModel: RewardModelUpdate?) throws -> RewardSet {
    let learned = rewardModel.map { RewardSet.Entry($0.model, weight: $0.recipe.weight) }
    return try RewardSet(try rewardSet().entries + (learned.map { [$0] } ?? []))
  }
}
