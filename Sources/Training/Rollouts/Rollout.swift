internal import Datasets
internal import Evaluation
internal import Formats
internal import Kernels
internal import LanguageModel
internal import PolicyOptimization
internal import Recipes
internal import Rewards
internal import Sampling

/// The completions of one step: drawn, scored, and in the trainer's form.
struct Rollout {
  let questions: [Question]
  let requests: [Sampler.Request]
  let drawn: Sampler.Result
  /// As rewards saw them, in canonical order.
  let completions: [Completion]
  let report: RewardReport

  /// Draws and scores `count` completions of each question, in `parts` of about one size, each of which
  /// is scored while the next is drawn.
  ///
  /// - Parameter seen: How often each row was asked in this step. A question that occurs twice goes
  ///   on counting its samples, so no draw is repeated.
  static func collect(
    sampler: TextSampler, policy: Parameters, questions: [Question], prompts: [[Int]],
    completions count: Int, rewards: RewardSet, progress: RunProgress, draws: Draws,
    parts: Int = 1, seen: inout [Int: Int]
  ) async throws -> Rollout {
    let requests = zip(questions, prompts).map { question, prompt in
      let earlier = seen[question.index, default: 0]
      seen[question.index] = earlier + 1
      return Sampler.Request(
        prompt: prompt, row: question.index, firstSample: earlier * count)
    }
    let parts = min(parts, questions.count)
    let (scoring, batches) = AsyncStream.makeStream(of: [Completion].self)
    async let report = score(scoring, rewards, step: draws.step + 1, progress)
    var (samples, completions): ([[SampledCompletion]], [Completion]) = ([], [])
    var kept: Kept?
    for part in 0..<parts {
      let range = part * questions.count / parts..<(part + 1) * questions.count / parts
      let (drawn, texts) = try sampler.sample(
        policy, Array(questions[range]), Array(requests[range]), completions: count,
        draws: draws, keep: parts == 1)
      batches.yield(texts.flatMap { $0 })
      samples += drawn.completions
      completions += texts.flatMap { $0 }
      kept = drawn.kept
    }
    batches.finish()
    return Rollout(
      questions: questions, requests: requests,
      drawn: Sampler.Result(completions: samples, kept: kept), completions: completions,
      report: try await report)
  }

  /// What rewards say of batches that come one after the other, as of one.
  private static func score(
    _ batches: AsyncStream<[Completion]>, _ rewards: RewardSet, step: Int,
    _ progress: RunProgress
  ) async throws -> RewardReport {
    var whole: RewardReport?
    for await batch in batches {
      let report = try await rewards.score(
        RewardRequest(step: step, completions: batch, progress: progress))
      whole = whole?.appending(report) ?? report
    }
    // A task that was cancelled gets no batch.
    guard let whole else { throw CancellationError() }
    return whole
  }

  var samples: [SampledCompletion] { drawn.completions.flatMap { $0 } }

  /// What was answered to each question where `judge` judges, one for each completion.
  func answers(under judge: (any RewardFunction)?) -> [ObservedSteps.Answer] {
    let comparing = judge as? any AnswerComparing
    var next = completions.makeIterator()
    return zip(questions, drawn.completions).flatMap { question, samples in
      samples.compactMap { _ in
        next.next().map {
          .init(
            question: question.index, text: comparing?.answer(of: $0)?.text ?? $0.text,
            expected: $0.answer)
        }
      }
    }
  }

  private func batchCompletion(_ sample: SampledCompletion) -> TokenBatch.Completion {
    TokenBatch.Completion(tokens: sample.tokens, supports: sample.supports)
  }

  /// What the trainer sees.
  ///
  /// Masked and, on request, truncated completions carry no gradient; masked and unscored ones
  /// leave their group.
  func trainerRollouts(
    step: Int, axes: Recipe.Axes, greedyRewards: [Double?]
  ) -> PolicyTrainer.Rollouts {
    let batch = TokenBatch(
      zip(requests, drawn.completions).map { request, samples in
        TokenBatch.Question(
          prompt: request.prompt, completions: samples.map(batchCompletion))
      })
    var groups: [[RewardGroups.Completion]] = []
    var mask: [Bool] = []
    var next = 0
    for samples in drawn.completions {
      var group: [RewardGroups.Completion] = []
      for sample in samples {
        let (outcome, tokens) = (report.outcomes[next], sample.tokens.count)
        group.append(
          RewardGroups.Completion(
            tokenCount: tokens,
            rewards: outcome.stream(of: tokens),
            components: report.functions.map {
              .init(weight: $0.weight, value: $0.values[next])
            }))
        next += 1
        let counts = outcome != .masked && (sample.stopped || !axes.masksTruncatedCompletions)
        mask.append(contentsOf: repeatElement(counts, count: tokens))
      }
      groups.append(group)
    }
    return PolicyTrainer.Rollouts(
      step: step, batch: batch, groups: RewardGroups(groups, greedyRewards: greedyRewards),
      mask: mask, sampled: (samples.flatMap(\.logProbs), samples.flatMap(\.entropies)),
      kept: drawn.kept)
  }

  /// Compares the sampler's log-probs with those the trainer computes from the token ids alone:
  /// one completion in sixteen, chosen by key, where activations are kept, else every one.
  func audit(
    engine: Engine, policy: Parameters, temperature: Float, key: RandomKey, step: Int
  ) -> (maximum: Float, mean: Double, tokens: Int) {
    var recorded: [Float] = []
    var audited: [TokenBatch.Question] = []
    for (request, samples) in zip(requests, drawn.completions) {
      let chosen = samples.indices.filter { sample in
        drawn.kept == nil
          || key.bits(
            step: step, row: request.row, sample: request.firstSample + sample, position: 0)
            % 16 == 0
      }
      if chosen.isEmpty { continue }
      recorded += chosen.flatMap { samples[$0].logProbs }
      audited.append(
        TokenBatch.Question(
          prompt: request.prompt, completions: chosen.map { batchCompletion(samples[$0]) }))
    }
    let found = engine.forward(
      policy, TokenBatch(audited), temperature: temperature, keep: false
    ).logProbs
    let differences = zip(recorded, found).map { abs($0 - $1) }
    let sum = differences.reduce(0.0) { $0 + Double($1) }
    return (
      differences.max() ?? 0, differences.isEmpty ? 0 : sum / Double(differences.count),
      differences.count
    )
  }
}

extension RewardReport.Outcome {
  /// The rewards of a scored completion in the form advantages are estimated from.
  fileprivate func stream(of tokenCount: Int) -> RewardStream? {
    guard case .scored(let scored) = self else { return nil }
    if scored.entries.isEmpty { return .terminal(scored.total, tokenCount: tokenCount) }
    return RewardStream(
      scored.entries.map { RewardStream.Entry(token: $0.index, reward: $0.reward) })
  }
}
