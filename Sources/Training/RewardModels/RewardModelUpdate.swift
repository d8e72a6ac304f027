internal import Datasets
internal import Formats
internal import Kernels
internal import LanguageModel
internal import PolicyOptimization
internal import Recipes
internal import Rewards
internal import Sampling
internal import Tokenization

/// A reward model that learns while the policy does, and what it learns from.
struct RewardModelUpdate {
  let model: ContinualReward
  let recipe: Recipe.RewardModel
  let source: Source
  private let seed: UInt64

  enum Source {
    /// Completions of the policy, compared by a reward.
    case labeller(RewardSet)
    /// Comparisons that people made.
    case preferences([PreferencePair])
  }

  /// The reward model of a recipe, as training starts with it.
  ///
  /// - Parameter policy: That training starts from, whose tokens are the reward model's.
  init(
    _ recipe: Recipe.RewardModel, policy: Policy, seed: Int, threads: Int, patience: Patience?
  ) throws {
    (self.recipe, self.seed) = (recipe, UInt64(seed))
    var model = RewardModel(from: policy.model)
    if let path = recipe.path {
      let configuration = policy.model.configuration
      model = try RewardModel(directory: path).ending(with: configuration.eosTokenIDs)
      let (found, need) = (model.configuration.vocabularySize, configuration.vocabularySize)
      guard found == need else {
        throw FormatError(
          "got \(found); need \(need), the policy's", file: path, field: "vocab_size")
      }
    }
    if let path = recipe.preferences {
      source = .preferences(
        try PreferencePair.read(
          DataFile.rows(path: path),
          SequenceEncoding(policy.tokenizer, for: model.configuration)))
    } else if let labeller = recipe.labeller {
      let entry = try labeller.entry(threads: threads)
      source = .labeller(try RewardSet([entry.waited(with: patience)]))
    } else {
      preconditionFailure("the recipe was read with one of both")
    }
    self.model = ContinualReward(
      model, recipe, tokenizer: policy.tokenizer, seed: UInt64(seed), threads: threads)
  }

  /// Does what is to be done while the labeller, where there is one, is started.
  func whileStarted<Value>(_ body: () async throws -> Value) async throws -> Value {
    guard case .labeller(let labeller) = source else { return try await body() }
    return try await labeller.whileStarted(body)
  }

  /// Whether it is to learn before an iteration: before the first, and before later ones unless the
  /// recipe leaves it at that.
  func isDue(before iteration: Int) async -> Bool {
    let updatesMade = await model.updatesMade
    return updatesMade == iteration && (iteration == 0 || recipe.isContinuous)
  }

  /// Learns from new comparisons before step `step`, and returns what failed of their labels.
  ///
  /// Completions without a label are in no pair; where they are many, the pairs would be a choice
  /// that the labeller's faults made.
  ///
  /// - Parameter collector: Draws what is compared, with random numbers of the iteration.
  func learn(
    before step: Int, from collector: RolloutCollector
  ) async throws -> FailureCount {
    let iteration = collector.draws.step
    switch source {
    case .preferences(let pairs):
      let order = DataOrder(count: pairs.count, seed: seed, stream: .comparisons)
      let chosen = order.rows(step: iteration, count: min(recipe.questions, pairs.count))
        .map { pairs[$0] }
      try await model.learn(from: chosen, labels: 2 * chosen.count, before: step)
      return FailureCount()
    case .labeller(let labeller):
      var collector = collector.judged(by: labeller)
      let order = DataOrder(
        count: collector.source.questions.questions.count, seed: seed, stream: .comparisons)
      let rollout = try await collector.rollout(
        of: order.rows(step: iteration, count: recipe.questions))
      try await labeller.confirm()
      let failures = collector.failures
      if failures.areMany {
        throw TrainingError.labelsFailed(
          step: step + 1, masked: failures.failed, of: failures.count,
          reason: failures.reason ?? "no reason given")
      }
      try await model.learn(
        from: rollout.pairs(
          atMost: recipe.pairsPerQuestion, key: collector.draws.key, iteration: iteration),
        labels: rollout.report.outcomes.count { $0.total != nil }, before: step)
      return failures
    }
  }
}

extension Rollout {
  /// Pairs of different completions of a question of which the first has the larger reward, at most
  /// `count` of each question, chosen by key.
  fileprivate func pairs(atMost count: Int, key: RandomKey, iteration: Int) -> [PreferencePair] {
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
            step: iteration, row: request.row, sample: request.firstSample + chosen,
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
