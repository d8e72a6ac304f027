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

/// Iterative GRPO.
///
///     for iteration in 1…I:
///       update the reward model, where there is one, on the policy's completions
///       π_ref ← π_θ
///       for step in 1…M:
///         draw questions; π_old ← π_θ; draw G completions each; score them
///         advantages; μ updates of π_θ
///
/// Shao et al. 2024, "DeepSeekMath", algorithm 1 (<https://arxiv.org/abs/2402.03300>), which has the
/// reward model's update at the end of an iteration instead of before the next. Every other algorithm
/// is the same loop with other settings.
final class TrainingLoop {
  /// The run that a loop is part of: where it writes, what it is told and asked.
  struct Host {
    let directory: RunDirectory
    /// Called before a checkpoint is written.
    var willSave: () throws -> Void = {}
    var report: (TrainingEvent) -> Void = { _ in }
    var isCancelled: () -> Bool = { false }
  }

  let recipe: Recipe
  let train: Recipe.Train
  let source: RolloutSource
  let trainer: PolicyTrainer
  /// A reward model that learns meanwhile, one of the rewards.
  let rewardModel: RewardModelUpdate?
  /// Asks held-out questions while training.
  let evaluator: Evaluator?
  private let host: Host
  private(set) var state = TrainingState()
  /// The step of the last checkpoint.
  private var savedStep: Int?
  private var watch: FindingWatch
  /// Whether the objective was told once whether it does what it must.
  private var isChecked = false
  /// Rewards whose first note was told.
  private var noted: Set<String> = []

  init(
    _ recipe: Recipe, _ train: Recipe.Train, from source: RolloutSource, trainer: PolicyTrainer,
    rewardModel: RewardModelUpdate?, evaluator: Evaluator?, host: Host
  ) {
    (self.recipe, self.train, self.source, self.trainer) = (recipe, train, source, trainer)
    (self.rewardModel, self.evaluator, self.host) = (rewardModel, evaluator, host)
    watch = FindingWatch(train, source, trainer)
    trainer.record(in: &state)
  }

  /// Makes all steps that the last checkpoint has not, and returns what was answered in the last of
  /// them.
  func run(resuming: Bool) async throws -> [ObservedSteps.Answer] {
    let logs = try await begin(resuming: resuming)
    for iteration in iteration..<iterationCount where state.step < train.totalSteps {
      try await endIfAsked(logs)
      try await savingWhatIsDone(logs) { try await updateRewardModel(before: iteration) }
      for _ in steps(of: iteration) {
        try await endIfAsked(logs)
        let step = try await savingWhatIsDone(logs) { try await makeStep(on: nextRows) }
        try await record(step, in: logs)
        try await saveIfDue(logs)
      }
    }
    return watch.answers
  }

  /// Makes the next step, but for what is written of it.
  ///
  /// Nothing of a checkpoint moves before the reference does, be it at the beginning of an iteration:
  /// completions whose scores fail leave a state from which the step can be made again.
  ///
  /// - Parameters:
  ///   - rows: Those of the step's questions.
  ///   - endure: Gets what ends a run whose rewards fail; a step that is only looked at goes on.
  ///   - epochs: μ; nil for the recipe's.
  ///   - didUpdate: Sees every update once it is made, as ``PolicyTrainer`` tells it.
  func makeStep(
    on rows: [Int], epochs: Int? = nil,
    enduring endure: (TrainingError) throws -> Void = { throw $0 },
    didUpdate: (PendingUpdate, UpdateProblem) throws -> Void = { _, _ in }
  ) async throws -> StepRecord {
    let clock = Stopwatch()
    let (rollout, sampling, collector) = try await collectRollout(of: rows, endure)
    let sampled = clock.seconds
    let check = samplerCheck(of: rollout)
    moveReference()
    let updating = Stopwatch()
    let update = try await updatePolicy(on: rollout, collector, epochs, didUpdate)
    return StepRecord(
      step: state.step + 1, rollout: rollout, sampling: sampling, check: check, update: update,
      referenceMoves: trainer.reference?.moves(through: state.step),
      rewardModel: await rewardModel?.model.lastUpdate ?? [], clock: clock,
      seconds: (sampled, updating.seconds))
  }

  /// Does what is to be done while rewards, and what labels for a reward model, are started.
  func whileRewardsRun<Value>(_ body: () async throws -> Value) async throws -> Value {
    try await source.rewards.whileStarted {
      guard let rewardModel else { return try await body() }
      return try await rewardModel.whileStarted(body)
    }
  }

  // MARK: Iterations and steps

  private var seed: UInt64 { UInt64(recipe.seed) }

  /// That of the next step.
  var iteration: Int { state.step / train.stepsPerIteration }

  private var iterationCount: Int {
    let length = train.stepsPerIteration
    return max(iteration, (train.totalSteps + length - 1) / length)
  }

  /// Those of an iteration that are not made yet.
  private func steps(of iteration: Int) -> Range<Int> {
    let end = min((iteration + 1) * train.stepsPerIteration, train.totalSteps)
    return min(state.step, end)..<end
  }

  /// The rows of the next step's questions.
  var nextRows: [Int] {
    DataOrder(count: source.questions.questions.count, seed: seed, stream: .training)
      .rows(step: state.step, count: train.questionsPerStep)
  }

  // MARK: Parts of a step

  /// What the reward model learns from the policy as it is now.
  ///
  /// It counts its updates: one that a checkpoint holds already, since the run ended behind it or
  /// within the iteration, is not made again.
  func updateRewardModel(before iteration: Int) async throws {
    guard let rewardModel, await rewardModel.isDue(before: iteration) else { return }
    let collector = collector(
      of: rewardModel.recipe.completionsPerQuestion, .comparison, step: iteration)
    let failures = try await rewardModel.learn(before: state.step, from: collector)
    if failures.failed > 0 {
      warn("before step \(state.step + 1): \(failures.inWords("labels"))")
    }
    host.report(
      .rewardModelLearned(step: state.step + 1, metrics: await rewardModel.model.lastUpdate))
  }

  /// Completions of the step's questions, drawn by the policy as it is now, and what they have earned.
  private func collectRollout(
    of rows: [Int], _ endure: (TrainingError) throws -> Void
  ) async throws -> (Rollout, DynamicSampling, RolloutCollector) {
    var collector = collector(
      of: train.completionsPerQuestion, .sampling, step: state.step, parts: train.scoringParts)
    var sampling = DynamicSampling(
      rounds: train.axes.dynamicSamplingRounds,
      order: DataOrder(
        count: source.questions.questions.count, seed: seed, stream: .dynamicSampling))
    var rollout = try await collector.rollout(of: rows)
    try await sampling.replaceDegenerateQuestions(of: &rollout, from: &collector)
    if let end = state.count(collector.failures) {
      try endure(end)
    } else if collector.failures.reason != nil {
      warn("step \(state.step + 1): \(collector.failures.inWords("rewards"))")
    }
    tell(of: rollout.report)
    rollout.greedyRewards = try await collector.greedyRewards(
      of: rollout, for: trainer.settings.advantage)
    return (rollout, sampling, collector)
  }

  /// What the policy as it is now draws with the random numbers of a purpose.
  private func collector(
    of completionsPerQuestion: Int, _ purpose: RandomKey.Purpose, step: Int, parts: Int = 1
  ) -> RolloutCollector {
    RolloutCollector(
      source, policy: trainer.policy,
      draws: Draws(key: RandomKey(seed: seed, purpose: purpose), step: step), progress: progress,
      completionsPerQuestion: completionsPerQuestion, parts: parts)
  }

  private var progress: RunProgress {
    recipe.progress(
      of: train, steps: state.step, rows: source.questions.questions.count,
      tokens: state.tokenCount)
  }

  private func samplerCheck(of rollout: Rollout) -> SamplerCheck {
    SamplerCheck(
      rollout, policy: trainer.policy, engine: trainer.engine, temperature: train.temperature,
      draws: Draws(key: RandomKey(seed: seed, purpose: .audit), step: state.step))
  }

  /// What becomes of the reference policy before the next step.
  private func moveReference() {
    guard trainer.moveReference(before: state.step) else { return }
    host.report(.referenceReset(step: state.step + 1))
  }

  /// Advantages, and the updates.
  private func updatePolicy(
    on rollout: Rollout, _ collector: RolloutCollector, _ epochs: Int?,
    _ didUpdate: (PendingUpdate, UpdateProblem) throws -> Void
  ) async throws -> PolicyTrainer.StepReport {
    try await trainer.step(
      rollout, epochs: epochs,
      willUpdate: { if $0.index == 0 { try check($0) } }, didUpdate: didUpdate,
      resampledLoss: { try await collector.resampledLoss(of: rollout, trial: $0) })
  }

  // MARK: Checks and reports

  private func warn(_ text: String) { host.report(.warning(text)) }

  /// Tells what was first noticed of each reward; the log counts what comes later.
  private func tell(of rewards: RewardReport) {
    for said in rewards.functions {
      guard let note = said.response.notes.first, noted.insert(said.name).inserted else { continue }
      warn("step \(state.step + 1): reward \(said.name): \(note)")
    }
  }

  /// Asks the objective at the first update of a step, until it was told once, whether it does what
  /// it must.
  private func check(_ update: PendingUpdate) throws {
    if isChecked { return }
    let verdict = SelfCheck.verdict(of: update.objective, at: update.inputs)
    isChecked = verdict != .undecided
    guard case .broken(let problem) = verdict else { return }
    // A custom objective may fail the check on purpose; a built-in one may not.
    if ((update.objective as? JointObjective)?.policy ?? update.objective) is PolicyObjective {
      throw TrainingError.selfCheck(step: state.step + 1, problem: problem)
    }
    warn("step \(state.step + 1): self-check: \(problem)")
  }

  /// The third step in a row in which numbers overflow ends the run.
  private func check(_ step: StepRecord) throws {
    state.notFiniteInARow = step.update.overflows ? state.notFiniteInARow + 1 : 0
    if state.notFiniteInARow >= 3 {
      throw TrainingError.notFinite(
        step: step.step, what: "in three steps in a row, the loss or its gradient",
        cause: OverflowCause(
          "rewards", step.update.groups.numbers, stepKey: train.axes.update.stepKey))
    }
  }

  // MARK: Writing

  /// Takes up the last checkpoint, where there is one; else asks the policy that training starts from.
  private func begin(resuming: Bool) async throws -> StepLogs {
    let checkpoint = resuming ? try await restore() : nil
    let logs = try StepLogs(
      of: host.directory, goingOnAfter: checkpoint == nil ? nil : state, warn: warn)
    host.report(
      .began(
        .train,
        detail: checkpoint.map { "continues after step \($0) of \(train.totalSteps)" }
          ?? "\(train.totalSteps) steps of \(train.questionsPerStep) questions × "
          + "\(train.completionsPerQuestion) completions"))
    if checkpoint == nil {
      _ = try await evaluate()
    } else {
      watch = FindingWatch(
        train, source, trainer, first: LogReading(path: host.directory.metrics).lines.first)
    }
    return logs
  }

  /// Takes up the last checkpoint, and returns its step; nil where there is none.
  func restore() async throws -> Int? {
    let found = try await host.directory.checkpoints.latest {
      state = try await $0.restore(trainer, rewardModel?.model)
    }
    guard let found else { return nil }
    for problem in found.skipped { warn("\(problem); trying the checkpoint before it") }
    savedStep = found.step
    return found.step
  }

  /// Held-out accuracy, where it is asked for while training; scores that fail count as wrong and end
  /// nothing.
  private func evaluate() async throws -> EvaluationReport? {
    guard let evaluator else { return nil }
    var options = Evaluator.Options(seed: seed)
    options.progress = progress
    let found = try await evaluator.report(on: trainer.policy, options: options)
    host.report(.evaluated(step: state.step, found))
    if found.failures.failed > 0 {
      let failures = found.failures.inWords("scores of the evaluation")
      warn("step \(state.step): reward \(evaluator.judge): \(failures)")
    }
    return found
  }

  /// Counts a step that was made, evaluates where that is due, and writes down and tells what it was.
  private func record(_ step: StepRecord, in logs: StepLogs) async throws {
    state.step += 1
    trainer.record(in: &state)
    state.tokenCount += step.tokenCount
    var line = step.metrics
    line.set(.tokens, count: state.tokenCount)
    if let every = recipe.evaluation?.every, evaluator != nil,
      state.step % every == 0 || state.step == train.totalSteps
    {
      do {
        line[.heldOutAccuracy] = try await evaluate()?.greedy?.mean
      } catch is CancellationError {
        // The update is done, so the step is complete without an evaluation.
        warn("step \(state.step): is not evaluated, because the run is stopping")
      }
    }
    step.addTimes(to: &line)
    try logs.metrics.append(line.object)
    try logs.completions.append(
      contentsOf: step.completionLines(withIDs: train.logsTokenIDs))
    let shown = step.shown(train.shownCompletions)
    if !shown.isEmpty { host.report(.completions(step: state.step, shown)) }
    host.report(.step(step: state.step, of: train.totalSteps, metrics: line.object))
    let answers = step.rollout.answers(under: source.rewards.entries.first?.function)
    for finding in watch.findings(in: line.object, answers: answers) {
      host.report(.finding(finding))
    }
    try check(step)
  }

  private func endIfAsked(_ logs: StepLogs) async throws {
    guard host.isCancelled() else { return }
    if savedStep != state.step { try await save(logs) }
    throw TrainingError.stopped(step: state.step)
  }

  private func saveIfDue(_ logs: StepLogs) async throws {
    let isDue = train.checkpointSteps > 0 && state.step % train.checkpointSteps == 0
    if isDue || state.step == train.totalSteps { try await save(logs) }
  }

  /// What `body` makes; where that fails before anything has moved, by rewards or draws, what is done so
  /// far is saved.
  private func savingWhatIsDone<Value>(
    _ logs: StepLogs, _ body: () async throws -> Value
  ) async throws -> Value {
    let (before, reference) = (state, trainer.reference?.parameters.buffer.lastWrite)
    do {
      return try await body()
    } catch {
      state = before
      if savedStep != state.step, trainer.hasMadeUpdates(of: state),
        trainer.reference?.parameters.buffer.lastWrite == reference
      {
        do {
          try await save(logs)
        } catch let fault {
          warn("step \(state.step) is not saved: \(fault)")
        }
      }
      throw error
    }
  }

  private func save(_ logs: StepLogs) async throws {
    try await source.rewards.confirm()
    try logs.record(in: &state)
    var (files, encoded) = (try trainer.tensorFiles.encoded(), state.encoded)
    if let model = rewardModel?.model {
      files += try await model.encodedTensors()
      encoded["reward_model"] = await model.encodedState
    }
    try host.willSave()
    let checkpoints = host.directory.checkpoints
    try checkpoints.write(step: state.step, files: files, state: .object(encoded))
    try checkpoints.retain(train.keptCheckpoints, through: state.step)
    host.report(.saved(step: state.step, path: checkpoints.directory))
    savedStep = state.step
  }
}
