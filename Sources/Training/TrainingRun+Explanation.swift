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

extension TrainingRun {
  /// Draws and scores the completions of one question as the run's next step would, and says what
  /// an update makes of them; the run itself is left alone.
  ///
  /// - Parameters:
  ///   - row: The question's number in `data.train`; nil for the first of the next step.
  ///   - updates: Updates made on these completions first: 0 shows what the first update sees,
  ///     where every ratio is 1.
  /// - Throws: `TrainingError.differentInputs` where the run's checkpoints do not fit, since it is
  ///   another recipe's.
  public func explain(row: Int?, updates: Int) async throws -> Explanation {
    guard let train = recipe.train else {
      throw TrainingError.missingStart(path: "train")
    }
    let start = try existingStart()
    run.id = try RunManifest.found(at: run.manifest).manifest?.id
    var settings = try settings(of: train)
    (settings.epochs, settings.miniBatches) = (updates + 1, 1)
    let sampler = try sampler(start, maximumTokens: train.maxCompletionTokens)
    let trainer = PolicyTrainer(
      engine: sampler.engine, policy: start.model.parameters, settings: settings)
    let rewardModel = try rewardModelUpdate(start)
    var state = TrainingState()
    do {
      _ = try await run.checkpoints.latest {
        state = try await $0.restore(trainer, rewardModel?.model)
      }
    } catch let error as Checkpoints.Unusable {
      let differences = try refusedDifferences()
      throw differences.isEmpty
        ? error : TrainingError.differentInputs(path: run.path, differences)
    }
    let order = DataOrder(
      count: questions.questions.count, seed: UInt64(recipe.seed), stream: .training)
    let row =
      try checked(row) ?? order.rows(step: state.step, count: train.questionsPerStep)[0]
    let rewards = try rewardSet(with: rewardModel)
    return try await rewards.whileStarted {
      try await explain(row, updates: updates, after: state, train, trainer, sampler, rewards)
    }
  }

  private func explain(
    _ row: Int, updates: Int, after state: TrainingState, _ train: Recipe.Train,
    _ trainer: PolicyTrainer,
    _ sampler: TextSampler, _ rewards: RewardSet
  ) async throws -> Explanation {
    let prompts = try sampler.encode(questions)
    let step = state.step
    let progress = recipe.progress(
      of: train, steps: step, rows: questions.questions.count, tokens: state.tokenCount)
    let draws = Draws(
      key: RandomKey(seed: UInt64(recipe.seed), purpose: .sampling), step: step)
    var seen: [Int: Int] = [:]
    let rollout = try await Rollout.collect(
      sampler: sampler, policy: trainer.policy, questions: [questions.questions[row]],
      prompts: [prompts[row]], completions: train.completionsPerQuestion, rewards: rewards,
      progress: progress, draws: draws, seen: &seen)
    let rollouts = rollout.trainerRollouts(
      step: step, axes: train.axes,
      greedyRewards: try await rollout.greedyRewards(
        for: train.axes, sampler, trainer.policy, rewards, progress, draws))
    var last: PendingUpdate?
    let groups = try await trainer.step(
      rollouts, willUpdate: { last = $0 },
      resampledLoss: { trial in
        try await rollout.resampledLoss(
          trial: trial, sampler, trainer.policy, rewards, progress, draws)
      }
    ).groups
    guard let last else { preconditionFailure("a step makes an update") }
    let (inputs, terms) = (last.inputs, last.objective.tokenTerms(of: last.inputs))
    return Explanation(
      prompt: rollout.questions[0].prompt, answer: rollout.questions[0].answer, updates: updates,
      step: step + 1, loss: last.result.loss,
      completions: rollout.completions.indices.map { i in
        Explanation.Completion(
          text: rollout.completions[i].text,
          rewards: rollout.report.functions.map { ($0.name, $0.values[i]) },
          failures: rollout.report.functions.compactMap { function in
            function.scores[i].failureReason.map { (function.name, $0.onOneLine()) }
          },
          reward: groups.groups[0][i].rewards?.total,
          tokens: tokens(
            rollout.completions[i].tokenIDs, inputs.completions[i], last, terms, sampler))
      },
      failure: failure(of: rollout.report, groups, inputs.advantage, train, step: step + 1))
  }

  /// What would end a run, or keep it from learning: that more than a tenth of the rewards failed, or
  /// that they overflow.
  private func failure(
    of report: RewardReport, _ groups: RewardGroups, _ advantages: [Double],
    _ train: Recipe.Train, step: Int
  ) -> TrainingError? {
    let failures = RewardFailures(report)
    if failures.areMany {
      return .rewardsFailed(
        step: step, masked: failures.masked, of: failures.count, inARow: 1,
        reason: failures.reason ?? "no reason given")
    }
    func overflow(_ what: String) -> TrainingError {
      .notFinite(
        step: step, what: what,
        cause: OverflowCause("rewards", groups.numbers, stepKey: train.axes.update.stepKey))
    }
    if !advantages.allSatisfy(\.isFinite) { return overflow("an advantage") }
    // Divided by a deviation that is not finite they are zero, though rewards differ.
    let rewards = report.outcomes.compactMap(\.total)
    if Set(rewards).count > 1, advantages.allSatisfy({ $0 == 0 }),
      !rewards.reduce(0, { $0 + $1 * $1 }).isFinite
    {
      return overflow("the deviation of the rewards")
    }
    return nil
  }

  private func checked(_ row: Int?) throws -> Int? {
    guard let row, !questions.questions.indices.contains(row) else { return row }
    throw TrainingError.noSuchQuestion(row: row, count: questions.questions.count)
  }

  private func tokens(
    _ ids: [Int], _ range: Range<Int>, _ update: PendingUpdate, _ terms: TokenTerms,
    _ sampler: TextSampler
  ) -> [Explanation.Token] {
    let inputs = update.inputs
    return zip(ids, range).map { id, t in
      Explanation.Token(
        id: id, text: (try? sampler.tokenizer.decode([id])) ?? "", logProb: inputs.logProb[t],
        oldLogProb: inputs.oldLogProb[t], referenceLogProb: inputs.referenceLogProb?[t],
        entropy: inputs.entropy?[t], ratio: terms.ratio[t], kl: terms.klReference?[t],
        advantage: inputs.advantage[t], isClipped: terms.isClipped[t],
        coefficient: update.result.dLogProb[t])
    }
  }
}
