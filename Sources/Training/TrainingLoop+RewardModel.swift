internal import Datasets
internal import Evaluation
internal import Kernels
internal import LanguageModel
internal import PolicyOptimization
internal import Recipes
internal import Rewards
internal import Sampling

extension TrainingLoop {
  /// Before step `step`: what the reward model learns from the policy as it is now.
  ///
  /// The first time from the policy that training starts with; after each iteration again, unless
  /// the recipe leaves it at that. An update that a checkpoint holds already, because its step then
  /// failed, is not made again.
  func updateRewardModel(
    _ policy: Parameters, before step: Int, _ progress: RunProgress
  ) async throws {
    guard let update = rewardModel, step % train.stepsPerIteration == 0,
      step == 0 || update.recipe.isContinuous
    else { return }
    let phase = step / train.stepsPerIteration
    guard await update.model.updatesMade == phase else { return }
    let (pairs, labels) = try await comparisons(of: policy, update, progress, phase: phase)
    try await update.model.learn(from: pairs, labels: labels, before: step)
    report(.rewardModelLearned(step: step + 1, metrics: await update.model.lastUpdate))
  }

  /// New comparisons, and how many completions they were chosen from, as far as those have a label.
  private func comparisons(
    of policy: Parameters, _ update: RewardModelUpdate, _ progress: RunProgress, phase: Int
  ) async throws -> (pairs: [PreferencePair], labels: Int) {
    let seed = UInt64(recipe.seed)
    switch update.source {
    case .preferences(let pairs):
      let order = DataOrder(count: pairs.count, seed: seed, stream: .comparisons)
      let chosen = order.rows(step: phase, count: min(update.recipe.questions, pairs.count))
        .map { pairs[$0] }
      return (chosen, 2 * chosen.count)
    case .labeller(let labeller):
      let order = DataOrder(count: questions.questions.count, seed: seed, stream: .comparisons)
      let rows = order.rows(step: phase, count: update.recipe.questions)
      let draws = Draws(key: RandomKey(seed: seed, purpose: .comparison), step: phase)
      var seen: [Int: Int] = [:]
      let rollout = try await Rollout.collect(
        sampler: sampler, policy: policy, questions: rows.map { questions.questions[$0] },
        prompts: rows.map { prompts[$0] }, completions: update.recipe.completionsPerQuestion,
        rewards: labeller, progress: progress, draws: draws, seen: &seen)
      try await labeller.confirm()
      try checkLabels(RewardFailures(rollout.report), before: phase * train.stepsPerIteration)
      let pairs = rollout.pairs(
        atMost: update.recipe.pairsPerQuestion, key: draws.key, phase: phase)
      return (pairs, rollout.report.outcomes.count { $0.total != nil })
    }
  }

  /// Throws where many labels failed, and warns of a few.
  ///
  /// Completions without a label are in no pair; where they are many, the pairs would be a choice
  /// that the labeller's faults made.
  private func checkLabels(_ failures: RewardFailures, before step: Int) throws {
    guard let reason = failures.reason else { return }
    let (masked, count) = (failures.masked, failures.count)
    if failures.areMany {
      throw TrainingError.labelsFailed(
        step: step + 1, masked: masked, of: count, reason: reason)
    }
    report(.warning("before step \(step + 1): \(masked) of \(count) labels failed: \(reason)"))
  }
}

extension Rollout {
  /// Pairs of different completions of a question of which the first has the larger reward, at most
  /// `count` of each question, chosen by key.
  func pairs(atMost count: Int, key: RandomKey, phase: Int) -> [PreferencePair] {
    var pairs: [PreferencePair] = []
    var first = 0
    for (request, samples) in zip(requests, drawn.completions) {
      let totals = samples.indices.map { report.outcomes[first + $0].total }
      first += samples.count
      var candidates: [(order: UInt64, chosen: Int, rejected: Int)] = []
      for (chosen, better) in totals.enumerated() {
        for (rejected, worse) in totals.enumerated() {
          guard let better, let worse, better > worse else { continue }
          // Positions above those that draw tokens.
          let order = key.bits(
            step: phase, row: request.row, sample: request.firstSample + chosen,
            position: 1 << 20 + rejected)
          candidates.append((order, chosen, rejected))
        }
      }
      candidates.sort { ($0.order, $0.chosen, $0.rejected) < ($1.order, $1.chosen, $1.rejected) }
      pairs += candidates.prefix(count).map {
        PreferencePair(
          prompt: request.prompt, chosen: samples[$0.chosen].tokens,
          rejected: samples[$0.rejected].tokens)
      }
    }
    return pairs
  }
}
