package import Datasets
internal import Kernels
package import LanguageModel
package import Rewards
package import Sampling

/// Draws completions of every question of a set and scores them.
///
/// `Correctness` says when a completion is correct. Greedy completions are drawn at temperature
/// 0, samples at the temperature asked for. ``MajorityVote`` says what votes in maj@k.
package struct Evaluator {
  /// How many completions are drawn, and which figures are computed of them.
  package struct Options: Sendable, Equatable {
    /// Samples of each question beside the greedy one; 0 leaves sampling out.
    package var samples: Int
    /// The k of pass@k and maj@k, each 1 to `samples`.
    package var k: [Int]
    /// The temperature of the samples, > 0.
    package var temperature: Double
    /// What the random numbers of the draws are keyed by.
    package var seed: UInt64
    /// How far the run is whose policy this is; nil for a policy by itself.
    package var progress: RunProgress?

    /// Creates options; by default greedy completions alone.
    ///
    /// - Precondition: each k is 1 to max(`samples`, 1), and the temperature is positive.
    package init(samples: Int = 0, k: [Int] = [1], temperature: Double = 1, seed: UInt64 = 0) {
      precondition(k.allSatisfy { $0 >= 1 && $0 <= max(samples, 1) } && temperature > 0)
      (self.samples, self.k) = (samples, k)
      (self.temperature, self.seed) = (temperature, seed)
    }
  }

  /// What is counted of all completions.
  private struct Tally {
    var rewards: [Double] = []
    var unscored = 0
    var failures = FailureCount()

    mutating func add(_ judgements: [Judgement]) {
      rewards += judgements.compactMap(\.reward)
      unscored += judgements.count { $0.reward == nil }
      failures.add(judgements.map { $0.failure.map(oneLine) })
    }
  }

  private let sampler: TextSampler
  private let questions: [Question]
  private let prompts: [[Int]]
  private let reward: any RewardFunction

  /// The name of the reward that says which completions are correct.
  package var judge: String { reward.name }

  /// - Parameter reward: What decides whether a completion is correct.
  /// - Throws: `PromptError` for a prompt that does not fit the model.
  package init(
    sampler: TextSampler, questions: QuestionSet, limit: Int? = nil, reward: any RewardFunction
  ) throws(PromptError) {
    self.sampler = sampler
    prompts = try sampler.encode(questions)
    self.questions = Array(questions.questions.prefix(limit ?? questions.questions.count))
    self.reward = reward
  }

  /// - Parameter record: Gets every completion, all greedy ones first, in the order of questions.
  package func report(
    on p: Parameters, options: Options, isCancelled: () -> Bool = { false },
    record: (Judgement) throws -> Void = { _ in }
  ) async throws -> EvaluationReport {
    var (tally, examples) = (Tally(), [EvaluationReport.Example]())
    try await ask(p, temperature: 0, completions: 1, options, isCancelled) { judgements in
      var greedy = judgements[0]
      greedy.sample = 0
      examples.append(EvaluationReport.Example(greedy))
      tally.add([greedy])
      try record(greedy)
    }
    let greedyRewards = tally.rewards
    var sampled: EvaluationReport.Sampled?
    if options.samples > 0 {
      var (correct, votes) = ([[Bool]](), [[String?]]())
      try await ask(
        p, temperature: options.temperature, completions: options.samples, options, isCancelled
      ) { judgements in
        correct.append(judgements.map(\.isCorrect))
        votes.append(judgements.map { MajorityVote.vote(of: $0.completion, under: reward) })
        tally.add(judgements)
        for judgement in judgements { try record(judgement) }
      }
      sampled = try EvaluationReport.Sampled(
        correct: correct, votes: votes, ballot: MajorityVote.ballot(under: reward),
        options: options)
    }
    try await reward.confirm()
    let perQuestion = examples.map { $0.isCorrect ? 1.0 : 0 }
    var report = EvaluationReport(
      count: questions.count, greedy: MeanEstimate(of: perQuestion),
      greedyPerQuestion: perQuestion, sampled: sampled, unscored: tally.unscored,
      examples: examples)
    report.failures = tally.failures
    report.largestReward = tally.rewards.max()
    if tally.rewards.contains(where: { $0 != 0 && $0 != 1 }) {
      report.greedyReward = MeanEstimate(of: greedyRewards)
    }
    return report
  }

  /// Asks every question and hands on the completions of each, in the order of questions.
  private func ask(
    _ p: Parameters, temperature: Double, completions count: Int, _ options: Options,
    _ isCancelled: () -> Bool, receive: ([Judgement]) throws -> Void
  ) async throws {
    var sampler = sampler
    sampler.options.temperature = temperature
    let draws = Draws(key: RandomKey(seed: options.seed, purpose: .evaluation), step: 0)
    var first = 0
    while first < questions.count {
      if isCancelled() { throw CancellationError() }
      var (last, rows) = (first, 0)
      repeat {
        rows += prompts[last].count + count * sampler.options.maximumTokens
        last += 1
      } while last < questions.count && rows < TextSampler.rowsAtOnce
      let asked = Array(questions[first..<last])
      let requests = zip(asked, prompts[first..<last]).map {
        Sampler.Request(prompt: $1, row: $0.index)
      }
      let (_, completions) = try sampler.sample(
        p, asked, requests, completions: count, draws: draws)
      let judgements = try await Judge(reward: reward).judge(
        completions, of: asked, options.progress)
      for judgements in judgements { try receive(judgements) }
      first = last
    }
  }
}
