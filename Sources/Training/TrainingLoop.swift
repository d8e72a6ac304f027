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

/// Iterative GRPO.
///
///     for iteration in 1…I:  π_ref ← π_θ
///       for step in 1…M:     draw questions; π_old ← π_θ; draw G completions each; score them;
///                            advantages; μ updates
///       update the reward model, where there is one
///
/// Shao et al. 2024, "DeepSeekMath", algorithm 1 (<https://arxiv.org/abs/2402.03300>), whose last
/// line, the reward model's continued training, is ``updateRewardModel``. Every other algorithm is
/// the same loop with other settings.
struct TrainingLoop {
  let recipe: Recipe
  let train: Recipe.Train
  let settings: PolicyTrainer.Settings
  let run: RunDirectory
  let questions: QuestionSet
  let prompts: [[Int]]
  let sampler: TextSampler
  let rewards: RewardSet
  /// A reward model that learns meanwhile, one of the rewards.
  let rewardModel: RewardModelUpdate?
  let evaluator: Evaluator?
  /// Called before a checkpoint is written.
  let willSave: () throws -> Void
  let report: (TrainingEvent) -> Void
  let isCancelled: () -> Bool

  private var engine: Engine { sampler.engine }

  /// Does what is to be done while rewards, and what labels for a reward model, are started.
  func whileRewardsRun<Value>(_ body: () async throws -> Value) async throws -> Value {
    try await rewards.whileStarted {
      guard let rewardModel else { return try await body() }
      return try await rewardModel.whileStarted(body)
    }
  }

  /// Runs all steps that the last checkpoint has not done, from `policy` if there is none, and returns
  /// what was answered in the last of them.
  func run(
    from policy: Parameters, resuming: Bool
  ) async throws -> [ObservedSteps.Answer] {
    let trainer = PolicyTrainer(engine: engine, policy: policy, settings: settings)
    var state = TrainingState()
    trainer.record(in: &state)
    let checkpoint =
      resuming
      ? try await run.checkpoints.latest {
        state = try await $0.restore(trainer, rewardModel?.model)
      } : nil
    for problem in checkpoint?.skipped ?? [] {
      report(.warning("\(problem); the checkpoint before it is taken"))
    }
    let (metrics, completions) = try logs(goingOnAfter: checkpoint == nil ? nil : state)
    report(
      .began(
        .train,
        detail: checkpoint.map { "continues after step \($0.step) of \(train.totalSteps)" }
          ?? "\(train.totalSteps) steps of \(train.questionsPerStep) questions × "
          + "\(train.completionsPerQuestion) completions"))
    if checkpoint == nil, let evaluator {
      _ = try await evaluate(evaluator, policy, state)
    }
    let seed = UInt64(recipe.seed)
    let order = DataOrder(count: questions.questions.count, seed: seed, stream: .training)
    var savedStep = checkpoint?.step
    var isChecked = false
    let firstLine = checkpoint == nil ? nil : LogReading(path: run.metrics).lines.first
    var watch = FindingWatch(
      train.observation(of: questions, weights: rewards.entries.map(\.weight)), first: firstLine)
    var warned: Set<String> = []
    while state.step < train.totalSteps {
      if isCancelled() {
        if savedStep != state.step { try await save(trainer, state, metrics, completions) }
        throw TrainingError.stopped(step: state.step)
      }
      let (before, reference) = (state, trainer.reference?.parameters.buffer.lastWrite)
      do {
        try await step(
          &state, trainer, rows: order.rows(step: state.step, count: train.questionsPerStep),
          metrics, completions, &isChecked, &watch, &warned)
      } catch {
        // Rewards or draws failed before anything moved: what is done so far is not lost.
        if state.step == before.step, savedStep != state.step,
          trainer.hasMadeUpdates(of: before),
          trainer.reference?.parameters.buffer.lastWrite == reference
        {
          do {
            try await save(trainer, before, metrics, completions)
          } catch let fault {
            report(.warning("step \(before.step) is not saved: \(fault)"))
          }
        }
        throw error
      }
      let isLast = state.step == train.totalSteps
      if isLast || (train.checkpointSteps > 0 && state.step % train.checkpointSteps == 0) {
        try await save(trainer, state, metrics, completions)
        savedStep = state.step
      }
    }
    return watch.answers
  }

  /// The logs, cut back to the steps that are done; new ones where training begins.
  ///
  /// Both are looked at before either is cut. What is wrong with them is reported and keeps nobody
  /// from going on.
  private func logs(
    goingOnAfter state: TrainingState?
  ) throws -> (metrics: JSONLinesLog, completions: JSONLinesLog) {
    if state == nil, let aside = try run.setLogsAside() {
      report(
        .warning(
          "\(run.path): there is no checkpoint to go on from: training begins, and the logs of before are "
            + aside.joined(separator: ", ")))
    }
    let metrics = try run.log(run.metrics)
    let completions = try run.log(run.completions)
    guard let state else { return (metrics, completions) }
    let ends = [
      (metrics, try metrics.end(ofStep: state.step, recordedAt: state.metricsOffset)),
      (completions, try completions.end(ofStep: state.step, recordedAt: state.completionsOffset)),
    ]
    for (log, end) in ends {
      if let problem = end.problem { report(.warning("\(problem); the run goes on")) }
      try log.truncate(toOffset: end.offset)
    }
    // What is wrong with a line of the metrics is told by the summary, which reads them.
    if let problem = LogReading.problem(at: run.completions) {
      report(.warning("\(problem); the run goes on"))
    }
    return (metrics, completions)
  }

  /// Held-out accuracy; scores that fail count as wrong and end nothing.
  private func evaluate(
    _ evaluator: Evaluator, _ policy: Parameters, _ state: TrainingState
  ) async throws -> EvaluationReport {
    let found = try await evaluator.report(on: policy, options: evaluationOptions(state))
    report(.evaluated(step: state.step, found))
    if found.failures.count > 0 {
      report(
        .warning("step \(state.step): reward \(evaluator.judge): \(found.failures.inWords)"))
    }
    return found
  }

  private func evaluationOptions(_ state: TrainingState) -> Evaluator.Options {
    var options = Evaluator.Options(seed: UInt64(recipe.seed))
    options.progress = progress(state)
    return options
  }

  private func progress(_ state: TrainingState) -> RunProgress {
    recipe.progress(
      of: train, steps: state.step, rows: questions.questions.count, tokens: state.tokenCount)
  }

  private func step(
    _ state: inout TrainingState, _ trainer: PolicyTrainer, rows: [Int],
    _ metrics: JSONLinesLog, _ log: JSONLinesLog, _ isChecked: inout Bool,
    _ watch: inout FindingWatch, _ warned: inout Set<String>
  ) async throws {
    let (step, seed) = (state.step, UInt64(recipe.seed))
    let whole = Stopwatch()
    let progress = progress(state)
    try await updateRewardModel(trainer.policy, before: step, progress)
    let draws = Draws(key: RandomKey(seed: seed, purpose: .sampling), step: step)
    let (rollout, collection, failures) = try await collect(
      rows, trainer.policy, progress, draws)
    try checkRewards(failures, &state)
    warn(of: rollout.report, step: step + 1, &warned)
    let greedyRewards = try await rollout.greedyRewards(
      for: train.axes, sampler, trainer.policy, rewards, progress, draws)
    let sampling = whole.seconds
    let audit = rollout.audit(
      engine: engine, policy: trainer.policy, temperature: Float(train.temperature),
      key: RandomKey(seed: seed, purpose: .audit), step: step)
    // Nothing of a checkpoint has moved before here, except a reward model that has learned:
    // completions whose scores fail leave a state from which this step can be made again.
    if trainer.moveReference(before: step) { report(.referenceReset(step: step + 1)) }
    let updating = Stopwatch()
    let rollouts = rollout.trainerRollouts(
      step: step, axes: train.axes, greedyRewards: greedyRewards)
    let done = try await trainer.step(
      rollouts,
      willUpdate: { try check($0, step: step, isChecked: &isChecked) },
      resampledLoss: { trial in
        try await rollout.resampledLoss(
          trial: trial, sampler, trainer.policy, rewards, progress, draws)
      })
    let (advantages, updates) = (done.advantages, done.updates)

    state.step += 1
    trainer.record(in: &state)
    let drawn = rollout.samples.reduce(0) { $0 + $1.tokens.count }
    let trained = drawn + rollout.requests.reduce(0) { $0 + $1.prompt.count }
    state.tokenCount += trained
    var line = MetricsLine(step: state.step)
    line.add(updates)
    line.add(advantages.metrics + collection + done.metrics)
    line.add(rollout.report)
    line.add(rollout.samples)
    line[.largestLogProbDifference] = Double(audit.maximum)
    line[.meanLogProbDifference] = audit.mean
    line.set(.comparedTokens, count: audit.tokens)
    if let reference = trainer.reference {
      line.set(.referenceResets, count: reference.moves(through: step))
    }
    line.add(await rewardModel?.model.lastUpdate ?? [])
    line.set(.tokens, count: state.tokenCount)
    if let every = recipe.evaluation?.every, let evaluator,
      state.step % every == 0 || state.step == train.totalSteps
    {
      do {
        line[.heldOutAccuracy] = try await evaluate(evaluator, trainer.policy, state).greedy?.mean
      } catch is CancellationError {
        // The policy has moved: without its evaluation the step is whole.
        report(.warning("step \(state.step): is not evaluated, for the run is to stop"))
      }
    }
    line[.stepSeconds] = whole.seconds
    line[.samplingSeconds] = sampling
    line[.updateSeconds] = updating.seconds
    line[.tokensPerSecond] = Double(drawn) / whole.seconds
    try metrics.append(line.object)
    try record(rollout, advantages, step: state.step, log)
    report(.step(step: state.step, of: train.totalSteps, metrics: line.object))
    let answers = rollout.answers(under: rewards.entries.first?.function)
    for finding in watch.findings(in: line.object, answers: answers) {
      report(.finding(finding))
    }
    try checkNumbers(done, rollouts.groups, &state)
  }

  /// A step in which more than a tenth of the rewards failed ends the run, and so does the third in a
  /// row in which any did.
  private func checkRewards(_ failures: RewardFailures, _ state: inout TrainingState) throws {
    guard let reason = failures.reason else {
      state.maskedInARow = 0
      return
    }
    state.maskedInARow += 1
    let (masked, count, step) = (failures.masked, failures.count, state.step + 1)
    if failures.areMany || state.maskedInARow >= 3 {
      throw TrainingError.rewardsFailed(
        step: step, masked: masked, of: count, inARow: state.maskedInARow, reason: reason)
    }
    report(.warning("step \(step): \(masked) of \(count) rewards failed: \(reason)"))
  }

  /// Tells what was first noticed of each reward; the log counts what comes later.
  private func warn(of rewards: RewardReport, step: Int, _ warned: inout Set<String>) {
    for function in rewards.functions {
      guard let note = function.notes.first, warned.insert(function.name).inserted else { continue }
      report(.warning("step \(step): reward \(function.name): \(note)"))
    }
  }

  /// The third step in a row in which numbers overflow ends the run.
  private func checkNumbers(
    _ done: PolicyTrainer.StepReport, _ groups: RewardGroups, _ state: inout TrainingState
  ) throws {
    state.notFiniteInARow = done.overflows ? state.notFiniteInARow + 1 : 0
    if state.notFiniteInARow >= 3 {
      throw TrainingError.notFinite(
        step: state.step, what: "in three steps in a row, the loss or its gradient",
        cause: OverflowCause("rewards", groups.numbers, stepKey: train.axes.update.stepKey))
    }
  }

  /// One line a completion: step, prompt, completion, answer, every function's score, their
  /// weighted sum, the advantage, and ids on demand.
  private func record(
    _ rollout: Rollout, _ advantages: Advantages, step: Int, _ log: JSONLinesLog
  ) throws {
    let keys = LogKeys(rewards: rollout.report.functions.map(\.name))
    var (lines, shown) = ([JSONObject](), [SampleShown]())
    for (i, completion) in rollout.completions.enumerated() {
      let values = advantages.completions[i].values(tokenCount: completion.tokenIDs.count)
      let advantage = values.mean ?? 0
      var line: JSONObject = [
        "step": .integer(step), "prompt": .string(completion.prompt),
        "completion": .string(completion.text),
        "answer": completion.label,
      ]
      for (key, function) in zip(keys.scores, rollout.report.functions) {
        line[key] = function.values[i].map { .number($0) } ?? .null
        for column in function.columns {
          line[LogKeys.column(column.name, of: function.name)] = column.values[i]
        }
      }
      line["reward"] = rollout.report.outcomes[i].total.map { .number($0) } ?? .null
      line["advantage"] = .number(advantage)
      if train.logsTokenIDs {
        line["token_ids"] = .array(completion.tokenIDs.map { .integer($0) })
      }
      lines.append(line)
      if i < min(train.completionsPerQuestion, train.shownCompletions) {
        shown.append(
          SampleShown(
            prompt: completion.prompt, completion: completion.text,
            reward: rollout.report.outcomes[i].total, advantage: advantage))
      }
    }
    try log.append(contentsOf: lines)
    if !shown.isEmpty { report(.completions(step: step, shown)) }
  }

  private func save(
    _ trainer: PolicyTrainer, _ state: TrainingState, _ metrics: JSONLinesLog,
    _ completions: JSONLinesLog
  ) async throws {
    try await rewards.confirm()
    try metrics.synchronize()
    try completions.synchronize()
    var state = state
    state.metricsOffset = metrics.offset
    state.completionsOffset = completions.offset
    var (files, encoded) = (try trainer.encodedParts(), state.encoded)
    if let model = rewardModel?.model {
      files += try await model.encodedParts()
      encoded["reward_model"] = await model.encodedState
    }
    try willSave()
    try run.checkpoints.write(step: state.step, files: files, state: .object(encoded))
    try run.checkpoints.retain(train.keptCheckpoints, through: state.step)
    report(.saved(step: state.step, path: run.checkpoints.directory))
  }
}
