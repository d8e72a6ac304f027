internal import Datasets
internal import Evaluation
internal import Formats
package import LanguageModel
package import Recipes
internal import Rewards
internal import Runs
internal import Sampling
internal import Tokenization

// Makes the policy that training starts from: tokenizer, model, warm start.
extension TrainingRun {
  var warmStartIsReadable: Bool { (try? Start(directory: run.warmStartModel)) != nil }

  /// What a run goes on with whose warm start cannot be read any more.
  ///
  /// A checkpoint holds everything that training has changed. The rest, configuration and tokenizer,
  /// is what the warm start itself began with.
  private func start(without problem: any Error) async throws -> Start {
    guard await isBeyondWarmStart else {
      throw TrainingError.damaged(path: run.warmStartModel, problem: "\(problem)")
    }
    warmStartProblem = problem
    warn("\(problem); continuing without the warm start, whose accuracy will be unknown")
    return try initialPolicy()
  }

  /// Whether training has a checkpoint to go on from, or has ended.
  private var isBeyondWarmStart: Bool {
    get async {
      if isTrained { return true }
      return (try? await run.checkpoints.latest()) != nil
    }
  }

  /// The policy that training starts from, which must be there already; nothing is written.
  func existingStart() throws -> Start {
    if recipe.warmStart == nil { return try initialPolicy(writes: false) }
    guard warmStartIsDone else { throw TrainingError.missingStart(path: run.warmStartModel) }
    return try madePolicy(in: run.warmStartModel)
  }

  /// A policy that the run has made.
  ///
  /// - Throws: `TrainingError.damaged` where it cannot be read any more.
  func madePolicy(in directory: String) throws(TrainingError) -> Start {
    do {
      return try Start(directory: directory)
    } catch {
      throw .damaged(path: directory, problem: "\(error)")
    }
  }

  /// The policy that training starts from: warm-started if the recipe says so.
  func warmStart() async throws -> Start {
    if warmStartIsDone {
      do {
        let start = try Start(directory: run.warmStartModel)
        report(.found(.warmStart, detail: run.warmStartModel))
        return start
      } catch {
        return try await start(without: error)
      }
    }
    let start = try initialPolicy()
    try await check(start)
    guard let warmStart = recipe.warmStart else { return start }
    let limit = warmStart.untilAccuracy == nil ? "" : "at most "
    report(
      .began(
        .warmStart,
        detail: "\(start.model.parameterCount.grouped) parameters, "
          + "\(limit)\(warmStart.steps.grouped) steps of \(warmStart.batchSize.grouped) examples"))
    try run.createDirectory(run.warmStart)
    let log = try run.log(run.warmStartMetrics)
    try log.truncate(toOffset: 0)
    do {
      if warmStart.untilAccuracy == nil {
        try await self.warmStart(warmStart, start, log, nil)
      } else {
        let rewards = try rewardSet()
        try await rewards.whileStarted { try await self.warmStart(warmStart, start, log, rewards) }
      }
    } catch {
      throw try ending(.warmStart, with: error)
    }
    try log.synchronize()
    try record(try write(start, to: run.warmStartModel), in: run.warmStartModel)
    if let result = warmStartResult {
      for finding in result.findings { report(.finding(finding)) }
      report(.warmStarted(result))
    }
    return start
  }

  /// What the log of the warm start shows; nil where there is none.
  var warmStartResult: WarmStartResult? {
    recipe.warmStart.flatMap {
      WarmStartResult(
        $0, log: LogReading(path: run.warmStartMetrics).lines, rows: questions.questions.count)
    }
  }

  func warmStart(
    _ warmStart: Recipe.WarmStart, _ start: Start, _ log: JSONLinesLog, _ rewards: RewardSet?
  ) async throws {
    let sampler = try sampler(start)
    let evaluator = try rewards?.entries.first.map {
      try Evaluator(
        sampler: sampler, questions: questions, limit: WarmStart.probes, reward: $0.function)
    }
    try await WarmStart(
      recipe: warmStart, seed: UInt64(recipe.seed), questions: questions, sampler: sampler,
      evaluator: evaluator
    ).run(
      start.model.parameters,
      onStep: { step, metrics in
        try log.append(metrics)
        report(.warmStartStep(step: step, of: warmStart.steps, metrics: metrics))
      }, isCancelled: isCancelled)
  }

  func initialPolicy(writes: Bool = true) throws -> Start {
    let tokenizer = try tokenizer(writes: writes)
    switch recipe.model {
    case .directory(let path):
      let start = try Start(ModelDirectory.load(path), tokenizer)
      for warning in start.model.configuration.warnings { warn(warning) }
      return start
    case .new(let architecture):
      let configuration = architecture.configuration(
        vocabularySize: tokenizer.vocabularySize, bos: tokenizer.bosID, eos: tokenizer.eosID)
      try checkMemory(for: configuration)
      return try Start(Model(configuration, seed: UInt64(recipe.seed)), tokenizer)
    }
  }

  /// Writes a model directory whole, or not at all, and returns its files.
  func write(
    _ start: Start, to path: String
  ) throws -> [(name: String, bytes: [UInt8])] {
    let files = try start.files()
    try writeAccepted()
    try run.writeDirectory(files, to: path)
    return files
  }
}

extension Recipe.Architecture {
  /// The model's configuration with a tokenizer's vocabulary and special ids.
  package func configuration(
    vocabularySize: Int, bos: Int?, eos: Int?
  ) -> ModelConfiguration {
    ModelConfiguration(
      vocabularySize: vocabularySize, hiddenSize: hiddenSize, layers: layers,
      attentionHeads: attentionHeads, keyValueHeads: keyValueHeads ?? attentionHeads,
      headSize: headSize, intermediateSize: intermediateSize,
      maximumPositions: maximumPositions, ropeTheta: ropeTheta, normEpsilon: rmsNormEpsilon,
      tiedEmbeddings: tieWordEmbeddings, initializerRange: initializerRange, bosTokenID: bos,
      eosTokenIDs: eos.map { [$0] } ?? [])
  }
}
