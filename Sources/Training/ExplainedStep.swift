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
  ///   - row: The question's number in `data.train`; nil for the one of the next step whose rewards
  ///     differ most, the first of several.
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
    var loop = try await nextStep(train, differences)
    if !differences.isEmpty {
      warn("the run was started with another recipe: \(differences.summary)")
    }
    let isFirst = row.map(loop.nextRows.contains) ?? true
    // Dynamic sampling may put in questions that the step does not begin with.
    if isFirst || train.axes.dynamicSamplingRounds > 0 {
      if let found = try await explanation(of: row, in: loop, updates, differences) {
        return found
      }
      guard !isFirst else { throw leftOut(row, of: loop) }
      loop = try await nextStep(train, differences)
    }
    guard
      let found = try await explanation(
        of: row, in: loop, updates, differences, inPlaceOfFirst: true)
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
    of row: Int?, in loop: TrainingLoop, _ updates: Int, _ differences: [Recipe.Difference],
    inPlaceOfFirst: Bool = false
  ) async throws -> Explanation? {
    var rows = loop.nextRows
    if inPlaceOfFirst, let row { rows[0] = row }
    return try await loop.whileRewardsRun {
      var failure: TrainingError?
      var lastUpdates: [ExplainedUpdate] = []
      try await loop.updateRewardModel(before: loop.iteration)
      let step = try await loop.makeStep(
        on: rows, epochs: updates + 1, enduring: { failure = $0 },
        didUpdate: { update, problem in
          if update.epoch == updates { lastUpdates.append(ExplainedUpdate(update, problem)) }
        })
      let found = ExplainedStep(step, row: row, lastUpdates, loop)
      return found?.explanation(
        updates: updates, isInStep: !inPlaceOfFirst, differences: differences,
        failure: failure ?? found?.failure)
    }
  }
}

/// An update, and what it has made of the log-probs that it was made on.
private struct ExplainedUpdate {
  let pending: PendingUpdate
  let nextLogProb: [Double]

  init(_ pending: PendingUpdate, _ problem: UpdateProblem) {
    var problem = problem
    _ = problem.evaluate()
    (self.pending, nextLogProb) = (pending, problem.inputs.logProb)
  }
}

/// A question of a step that was made, and the update that it is shown in.
private struct ExplainedStep {
  private let step: StepRecord
  private let question: Int
  private let update: PendingUpdate
  private let nextLogProb: [Double]
  private let loop: TrainingLoop

  /// nil where the step has no such question.
  init?(_ step: StepRecord, row: Int?, _ updates: [ExplainedUpdate], _ loop: TrainingLoop) {
    let rollout = step.rollout
    let found = row.map { row in rollout.questions.firstIndex { $0.index == row } }
    guard let question = found ?? rollout.mostMixedQuestion,
      let first = rollout.completionRange(of: question).first,
      let shown = updates.last(where: { $0.pending.completions.contains(first) })
    else { return nil }
    (update, nextLogProb) = (shown.pending, shown.nextLogProb)
    (self.step, self.question, self.loop) = (step, question, loop)
  }

  /// The numbers of its completions in the step.
  private var completions: Range<Int> { step.rollout.completionRange(of: question) }

  func explanation(
    updates: Int, isInStep: Bool, differences: [Recipe.Difference], failure: TrainingError?
  ) -> Explanation {
    let (asked, report) = (step.rollout.questions[question], step.rollout.report)
    let terms = update.objective.tokenTerms(of: update.inputs)
    let idle = step.rollout.questions.indices.filter(teachesNothing)
    return Explanation(
      row: asked.index, prompt: asked.prompt, answer: asked.answer, updates: updates,
      step: step.step, isInStep: isInStep, loss: update.result.loss,
      sharesRatio: terms.sharesRatio, judge: report.functions.first?.name,
      teachesNothing: idle.contains(question),
      stepQuestions: step.rollout.questions.count,
      stepQuestionsWithEqualRewards: step.rollout.degenerateQuestions.count,
      stepQuestionsWithoutEffect: idle.count,
      completions: completions.enumerated().map { sample, number in
        Explanation.Completion(
          text: step.rollout.completions[number].text,
          rewards: report.functions.map { ($0.name, $0.values[number]) },
          failures: report.functions.compactMap { function in
            function.response.scores[number].failureReason.map { (function.name, $0.visible()) }
          },
          reward: step.update.groups.groups[question][sample].rewards?.total,
          isCorrect: Correctness.isCorrect(report.functions.first?.values[number]),
          tokens: tokens(of: number, terms))
      }, recipeDifferences: differences, failure: failure)
  }

  private func tokens(of number: Int, _ terms: TokenTerms) -> [Explanation.Token] {
    guard let index = update.completions.firstIndex(of: number) else { return [] }
    let inputs = update.inputs
    let ids = step.rollout.completions[number].tokenIDs
    return zip(ids, inputs.completions[index]).map { id, t in
      Explanation.Token(
        id: id, text: (try? loop.source.sampler.tokenizer.decode([id])) ?? "",
        isEnd: loop.source.sampler.options.eosIDs.contains(id),
        logProb: inputs.logProb[t], nextLogProb: nextLogProb[t], oldLogProb: inputs.oldLogProb[t],
        referenceLogProb: inputs.referenceLogProb?[t], entropy: inputs.entropy?[t],
        ratio: terms.ratio[t], kl: terms.klReference?[t] ?? klInReward(of: t),
        advantage: inputs.advantage[t],
        isClipped: terms.isClipped[t], coefficient: update.result.dLogProb[t])
    }
  }

  /// Whether the rewards of a question are equal, and none of its completions has an advantage.
  private func teachesNothing(_ question: Int) -> Bool {
    step.rollout.degenerateQuestions.contains(question)
      && advantages(of: question).allSatisfy { $0 == 0 }
  }

  private func advantages(of question: Int) -> [Double] {
    step.rollout.completionRange(of: question).flatMap { number in
      step.update.advantages.completions[number].values(
        tokenCount: step.rollout.completions[number].tokenIDs.count)
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
    let advantages = advantages(of: question)
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

extension Rollout {
  /// The question whose rewards have the largest variance, the first of several; nil without any.
  fileprivate var mostMixedQuestion: Int? {
    let variances = questions.indices.map { index in
      // In their own order, so that the same rewards give the same number.
      let rewards = completionRange(of: index).compactMap { report.outcomes[$0].total }.sorted()
      guard let mean = rewards.mean, mean.isFinite else { return 0.0 }
      return rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rewards.count)
    }
    return variances.indices.max { variances[$0] < variances[$1] }
  }
}
