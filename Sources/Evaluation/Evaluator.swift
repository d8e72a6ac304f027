package import Datasets
internal import Kernels
package import LanguageModel
package import Rewards
internal import Sampling
internal import Tokenization

/// Asks a policy every question of a set and scores what it says.
///
/// ``Correctness`` says when a completion is correct. Greedy completions are drawn at
/// temperature 0, samples at the temperature asked for. ``MajorityVote`` says what votes in maj@k.
public struct Evaluator {
  public struct Options: Sendable, Equatable {
    /// Samples of each question beside the greedy one; 0 leaves sampling out.
    public var samples: Int
    public var k: [Int]
    public var temperature: Double
    public var seed: UInt64
    /// How far the run is whose policy this is; nil for a policy by itself.
    package var progress: RunProgress?

    public init(samples: Int = 0, k: [Int] = [1], temperature: Double = 1, seed: UInt64 = 0) {
      precondition(k.allSatisfy { $0 >= 1 && $0 <= max(samples, 1) } && temperature > 0)
      (self.samples, self.k) = (samples, k)
      (self.temperature, self.seed) = (temperature, seed)
    }
  }

  /// One completion and what was made of it.
  package struct Judgement {
    package var question: Question
    /// The number of the sample, from 1; 0 for the greedy completion.
    package var sample: Int
    package var completion: Completion
    /// The answer that the reward finds in it; nil where it finds or compares none.
    package var extracted: String?
    /// Nil where the reward does not apply, or failed.
    package var reward: Double?

    package var isCorrect: Bool { Correctness.isCorrect(reward) }
  }

  private let sampler: TextSampler
  private let questions: [Question]
  private let prompts: [[Int]]
  private let reward: any RewardFunction

  /// The name of the reward that says which completions are correct.
  package var judge: String { reward.name }

  /// - Parameter reward: What decides whether a completion is correct.
  /// - Throws: `TextSamplerError` for a prompt that does not fit the model.
  package init(
    sampler: TextSampler, questions: QuestionSet, limit: Int? = nil, reward: any RewardFunction
  ) throws(TextSamplerError) {
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
    var greedyOptions = sampler.options
    greedyOptions.temperature = 0
    var perQuestion: [Double] = []
    var examples: [EvaluationReport.Example] = []
    var (unscored, rewards) = (0, [Double]())
    var failures = EvaluationReport.Failures()
    try await ask(
      p, greedyOptions, completions: 1, options, &failures, isCancelled: isCancelled
    ) { judgements in
      var greedy = judgements[0]
      greedy.sample = 0
      perQuestion.append(greedy.isCorrect ? 1 : 0)
      examples.append(
        .init(
          prompt: greedy.question.prompt, completion: greedy.completion.text,
          extracted: greedy.extracted, answer: greedy.question.answer,
          isCorrect: greedy.isCorrect))
      unscored += greedy.reward == nil ? 1 : 0
      rewards += [greedy.reward].compactMap(\.self)
      try record(greedy)
    }
    let greedyRewards = rewards
    var sampled: EvaluationReport.Sampled?
    if options.samples > 0 {
      var sampling = sampler.options
      sampling.temperature = options.temperature
      var (correct, votes) = ([[Bool]](), [[String?]]())
      try await ask(
        p, sampling, completions: options.samples, options, &failures, isCancelled: isCancelled
      ) { judgements in
        correct.append(judgements.map(\.isCorrect))
        votes.append(judgements.map { MajorityVote.vote(of: $0.completion, under: reward) })
        unscored += judgements.count { $0.reward == nil }
        rewards += judgements.compactMap(\.reward)
        for judgement in judgements { try record(judgement) }
      }
      sampled = try EvaluationReport.Sampled(
        correct: correct, votes: votes, ballot: MajorityVote.ballot(under: reward),
        options: options)
    }
    try await reward.confirm()
    var report = EvaluationReport(
      count: questions.count, greedy: MeanEstimate(of: perQuestion),
      greedyPerQuestion: perQuestion, sampled: sampled, unscored: unscored, examples: examples)
    report.failures = failures
    report.largestReward = rewards.max()
    if rewards.contains(where: { $0 != 0 && $0 != 1 }) {
      report.greedyReward = MeanEstimate(of: greedyRewards)
    }
    return report
  }

  /// Scores completions, `count` of each question.
  ///
  /// Where a score failed, all are asked for once more in halves, and of those again what failed: a
  /// function that raises for one question costs the others nothing. Eight parts that all fail are
  /// enough.
  private func score(
    _ completions: [Completion], of count: Int, _ progress: RunProgress?
  ) async throws -> [Score] {
    let rewards = try RewardSet([.init(reward)])
    var scores = Array(repeating: Score.notApplicable, count: completions.count)
    /// Asks for the scores of these questions, and says whether one of them failed.
    func ask(_ part: Range<Int>) async throws -> Bool {
      let range = part.lowerBound * count..<part.upperBound * count
      let request = RewardRequest(
        step: 0, completions: Array(completions[range]), progress: progress)
      let found = try await rewards.score(request).functions[0].scores
      scores.replaceSubrange(range, with: found)
      return found.contains { $0.failureReason != nil }
    }
    let whole = 0..<completions.count / count
    var failed = try await ask(whole) ? [whole] : []
    while !failed.isEmpty {
      let parts = failed.flatMap { part in
        let middle = part.lowerBound + part.count / 2
        return part.count == 1
          ? [part] : [part.lowerBound..<middle, middle..<part.upperBound]
      }
      var again: [Range<Int>] = []
      for part in parts {
        if try await ask(part) { again.append(part) }
      }
      if again.count == parts.count && parts.count >= 8 { break }
      failed = again.filter { $0.count > 1 }
    }
    return scores
  }

  /// Rows that are drawn at a time.
  private static let rowsAtOnce = 1 << 14

  /// Asks every question and hands on the completions of each, in the order of questions.
  private func ask(
    _ p: Parameters, _ sampling: SamplingOptions, completions count: Int, _ options: Options,
    _ failures: inout EvaluationReport.Failures, isCancelled: () -> Bool,
    receive: ([Judgement]) throws -> Void
  ) async throws {
    let sampler = try TextSampler(
      engine: sampler.engine, tokenizer: sampler.tokenizer, options: sampling,
      stop: sampler.stop)
    let draws = Draws(key: RandomKey(seed: options.seed, purpose: .evaluation), step: 0)
    var first = 0
    while first < questions.count {
      if isCancelled() { throw CancellationError() }
      var (last, rows) = (first, 0)
      repeat {
        rows += prompts[last].count + count * sampling.maximumTokens
        last += 1
      } while last < questions.count && rows < Evaluator.rowsAtOnce
      let range = first..<last
      let (_, completions) = try sampler.sample(
        p, Array(questions[range]),
        range.map { Sampler.Request(prompt: prompts[$0], row: questions[$0].index) },
        completions: count, draws: draws)
      let scores = try await score(completions.flatMap { $0 }, of: count, options.progress)
      failures.add(scores)
      for (i, samples) in completions.enumerated() {
        try receive(
          samples.enumerated().map { j, completion in
            Judgement(
              question: questions[first + i], sample: j + 1, completion: completion,
              extracted: (reward as? any AnswerComparing)?.answer(of: completion)?.text,
              reward: scores[i * count + j].total)
          })
      }
      first = last
    }
  }
}
