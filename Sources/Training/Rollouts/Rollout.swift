internal import Datasets
internal import LanguageModel
internal import PolicyOptimization
internal import Recipes
internal import Rewards
package import Sampling

/// The completions of one step: what was asked, what was drawn, and what it has earned.
package struct Rollout {
  /// The step, counted from 0 over the whole run.
  package let step: Int
  /// In words; empty for a rollout of ids alone.
  let questions: [Question]
  package let requests: [Sampler.Request]
  package let drawn: Sampler.Result
  /// As rewards saw them, in canonical order.
  let completions: [Completion]
  let report: RewardReport
  /// The reward of each question's greedy completion, where advantages are measured from it.
  var greedyRewards: [Double?] = []
}

extension Rollout {
  /// Completions in ids alone, with their rewards; one without is masked.
  package init(
    step: Int, requests: [Sampler.Request], drawn: Sampler.Result, rewards: [[Double?]],
    greedyRewards: [Double?] = []
  ) {
    let outcomes = zip(drawn.completions, rewards).flatMap { samples, rewards in
      zip(samples, rewards).map { sample, reward in
        guard let reward else { return RewardReport.Outcome.masked }
        var whole = CompletionReward()
        whole.add(reward, atEndOf: sample.tokens.count, weight: 1)
        return .scored(whole)
      }
    }
    self.init(
      step: step, questions: [], requests: requests, drawn: drawn, completions: [],
      report: RewardReport(
        outcomes: outcomes,
        functions: [
          FunctionReport(
            name: "reward",
            scores: rewards.joined().map { $0.map { .value($0) } ?? .failed("is missing") })
        ]), greedyRewards: greedyRewards)
  }

  var samples: [SampledCompletion] { drawn.completions.flatMap { $0 } }

  /// The numbers of a question's completions, in canonical order.
  func completionRange(of question: Int) -> Range<Int> {
    let before = drawn.completions[..<question].reduce(0) { $0 + $1.count }
    return before..<before + drawn.completions[question].count
  }

  /// What was answered to each question where `judge` judges, one for each completion.
  func answers(under judge: (any RewardFunction)?) -> [ObservedSteps.Answer] {
    let comparing = judge as? any AnswerComparing
    return questions.indices.flatMap { index in
      completions[completionRange(of: index)].map {
        ObservedSteps.Answer(
          question: questions[index].index, text: comparing?.answer(of: $0)?.text ?? $0.text,
          expected: $0.answer)
      }
    }
  }

  // MARK: What the trainer reads

  /// Prompts and completions as ids.
  var batch: TokenBatch {
    TokenBatch(
      zip(requests, drawn.completions).map { request, samples in
        TokenBatch.Question(
          prompt: request.prompt, completions: samples.map { TokenBatch.Completion($0) })
      })
  }

  /// What the completions have earned; masked and unscored ones leave their group.
  var groups: RewardGroups {
    var outcomes = report.outcomes.enumerated().makeIterator()
    return RewardGroups(
      drawn.completions.map { samples in
        samples.compactMap { sample in
          outcomes.next().map { number, outcome in
            RewardGroups.Completion(
              tokenCount: sample.tokens.count, rewards: outcome.stream(of: sample.tokens.count),
              components: report.functions.map {
                .init(weight: $0.weight, value: $0.values[number])
              })
          }
        }
      }, greedyRewards: greedyRewards)
  }

  /// False for the tokens that carry no gradient, in canonical order: those of masked completions and,
  /// on request, of truncated ones.
  func mask(withoutTruncated: Bool) -> [Bool] {
    zip(samples, report.outcomes).flatMap { sample, outcome in
      let counts = outcome != .masked && (sample.stopped || !withoutTruncated)
      return repeatElement(counts, count: sample.tokens.count)
    }
  }
}

extension TokenBatch.Completion {
  init(_ sample: SampledCompletion) {
    self.init(tokens: sample.tokens, supports: sample.supports)
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
