internal import Datasets
internal import Evaluation
internal import Formats
internal import PolicyOptimization
internal import Recipes
internal import Rewards
internal import Runs
internal import Sampling
internal import Tokenization

extension TrainingRun {
  /// Makes the run's next step and says what an update of it makes of one question; the run itself is
  /// left alone.
  ///
  /// It is the whole step: with all its questions, after a reset of the reference or an update of the
  /// reward model where these are due. A question that is not in it takes the place of its first.
  ///
  /// - Parameters:
  ///   - row: The question's number in `data.train`; nil for the first of the next step.
  ///   - updates: Updates made on its completions before the one that is shown, those of other
  ///     mini-batches not counted.
  /// - Throws: `TrainingError.differentInputs` where the run's checkpoints do not fit, since it is
  ///   another recipe's; `TrainingError.questionLeftOut` where dynamic sampling leaves it out.
  public func explain(row: Int?, updates: Int) async throws -> Explanation {
    guard let train = recipe.train else {
      throw TrainingError.missingStart(path: "train")
    }
    if let row, !questions.questions.indices.contains(row) {
      throw TrainingError.noSuchQuestion(row: row, count: questions.questions.count)
    }
    run.id = try RunManifest.found(at: run.manifest).manifest?.id
    let differences = try refusedDifferences()
    for difference in differences { warn("the run was begun with another recipe: \(difference)") }
    var loop = try await nextStep(train, differences)
    let isFirst = row.map(loop.nextRows.contains) ?? true
    // Dynamic sampling may put in questions that the step does not begin with.
    if isFirst || train.axes.dynamicSamplingRounds > 0 {
      if let found = try await explanation(of: row, in: loop, updates) { return found }
      guard !isFirst else { throw leftOut(row, of: loop) }
      loop = try await nextStep(train, differences)
    }
    guard let found = try await explanation(of: row, in: loop, updates, inPlaceOfFirst: true)
    else { throw leftOut(row, of: loop) }
    return found
  }

  /// - Parameter loop: As the step has left it.
  private func leftOut(_ row: Int?, of loop: TrainingLoop) -> TrainingError {
    .questionLeftOut(row: row ?? loop.nextRows[0], step: loop.state.step + 1)
  }

  /// The loop before the step that the run makes next.
  ///
  /// - Parameter differences: Those of the recipe from the run's, which say why no checkpoint fits.
  private func nextStep(
    _ train: Recipe.Train, _ differences: [Recipe.Difference]
  ) async throws -> TrainingLoop {
    let loop = try loop(
      train, from: try existingStart(), host: TrainingLoop.Host(directory: run))
    do {
      if try await loop.restore() == nil, isTrained {
        throw TrainingError.noCheckpoint(path: run.path, step: train.totalSteps)
      }
    } catch let error as Checkpoints.Unusable {
      throw differences.isEmpty
        ? error : TrainingError.differentInputs(path: run.path, differences)
    }
    return loop
  }

  /// What the step, once it is made, makes of a question; nil where it has not asked it.
  private func explanation(
    of row: Int?, in loop: TrainingLoop, _ updates: Int, inPlaceOfFirst: Bool = false
  ) async throws -> Explanation? {
    var rows = loop.nextRows
    if inPlaceOfFirst, let row { rows[0] = row }
    return try await loop.whileRewardsRun {
      var failure: TrainingError?
      var lastUpdates: [PendingUpdate] = []
      try await loop.updateRewardModel(before: loop.iteration)
      let step = try await loop.makeStep(
        on: rows, epochs: updates + 1, enduring: { failure = $0 },
        willUpdate: {
          // Those of the last epoch, one for each mini-batch.
          lastUpdates = (lastUpdates + [$0]).suffix(loop.train.axes.miniBatches)
        })
      let found = ExplainedStep(step, row: row, lastUpdates, loop)
      return found?.explanation(
        updates: updates, isInStep: !inPlaceOfFirst, failure: failure ?? found?.failure)
    }
  }
}

/// A question of a step that was made, and the update that it is shown in.
private struct ExplainedStep {
  private let step: StepRecord
  private let question: Int
  private let update: PendingUpdate
  private let loop: TrainingLoop

  /// nil where the step has no such question.
  init?(_ step: StepRecord, row: Int?, _ updates: [PendingUpdate], _ loop: TrainingLoop) {
    let questions = step.rollout.questions
    guard let question = row.map({ row in questions.firstIndex { $0.index == row } }) ?? 0,
      let first = step.rollout.completionRange(of: question).first,
      let update = updates.last(where: { $0.completions.contains(first) })
    else { return nil }
    (self.step, self.question, self.update, self.loop) = (step, question, update, loop)
  }

  /// The numbers of its completions in the step.
  private var completions: Range<Int> { step.rollout.completionRange(of: question) }

  func explanation(updates: Int, isInStep: Bool, failure: TrainingError?) -> Explanation {
    let (asked, report) = (step.rollout.questions[question], step.rollout.report)
    let terms = update.objective.tokenTerms(of: update.inputs)
    return Explanation(
      prompt: asked.prompt, answer: asked.answer, updates: updates, step: step.step,
      isInStep: isInStep, loss: update.result.loss,
      completions: completions.enumerated().map { sample, number in
        Explanation.Completion(
          text: step.rollout.completions[number].text,
          rewards: report.functions.map { ($0.name, $0.values[number]) },
          failures: report.functions.compactMap { function in
            function.response.scores[number].failureReason.map { (function.name, $0.visible()) }
          },
          reward: step.update.groups.groups[question][sample].rewards?.total,
          tokens: tokens(of: number, terms))
      }, failure: failure)
  }

  private func tokens(of number: Int, _ terms: TokenTerms) -> [Explanation.Token] {
    guard let index = update.completions.firstIndex(of: number) else { return [] }
    let inputs = update.inputs
    let ids = step.rollout.completions[number].tokenIDs
    return zip(ids, inputs.completions[index]).map { id, t in
      Explanation.Token(
        id: id, text: (try? loop.source.sampler.tokenizer.decode([id])) ?? "",
        logProb: inputs.logProb[t], oldLogProb: inputs.oldLogProb[t],
        referenceLogProb: inputs.referenceLogProb?[t], entropy: inputs.entropy?[t],
        ratio: terms.ratio[t], kl: terms.klReference?[t] ?? klInReward(of: t),
        advantage: inputs.advantage[t],
        isClipped: terms.isClipped[t], coefficient: update.result.dLogProb[t])
    }
  }

  /// The divergence that is a part of the reward instead of the loss.
  private func klInReward(of token: Int) -> Double? {
    guard let reference = update.inputs.referenceLogProb?[token] else { return nil }
    return loop.train.rewardShaping?.kl(
      oldLogProb: update.inputs.oldLogProb[token], referenceLogProb: reference)
  }

  /// What would keep the run from learning: that the question's rewards overflow.
  var failure: TrainingError? {
    func overflow(_ what: String) -> TrainingError {
      .notFinite(
        step: step.step, what: what,
        cause: OverflowCause(
          "rewards", step.update.groups.numbers, stepKey: loop.train.axes.update.stepKey))
    }
    let advantages = completions.flatMap { number in
      step.update.advantages.completions[number].values(
        tokenCount: step.rollout.completions[number].tokenIDs.count)
    }
    if !advantages.allSatisfy(\.isFinite) { return overflow("an advantage") }
    // Divided by a deviation that is not finite they are zero, though rewards differ.
    let rewards = completions.compactMap { step.rollout.report.outcomes[$0].total }
    if Set(rewards).count > 1, advantages.allSatisfy({ $0 == 0 }),
      !rewards.reduce(0, { $0 + $1 * $1 }).isFinite
    {
      return overflow("the deviation of the rewards")
    }
    return nil
  }
}
