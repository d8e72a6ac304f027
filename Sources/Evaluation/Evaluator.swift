package import Datasets
internal import Kernels
package import LanguageModel
package import Rewards
internal import Sampling
internal import Tokenization

/// Asks a policy every question of a set and scores what it says.
///
/// A completion is correct when the reward gives it at least 1. Greedy completions are drawn at
/// temperature 0, samples at the temperature asked for; the answers that vote in maj@k are the
/// completions' texts without surrounding white space.
public struct Evaluator {
  public struct Options: Sendable, Equatable {
    /// Samples of each question beside the greedy one; 0 leaves sampling out.
    public var samples: Int
    public var k: [Int]
    public var temperature: Double
    public var seed: UInt64

    public init(samples: Int = 0, k: [Int] = [1], temperature: Double = 1, seed: UInt64 = 0) {
      precondition(k.allSatisfy { $0 >= 1 && $0 <= max(samples, 1) } && temperature > 0)
      (self.samples, self.k) = (samples, k)
      (self.temperature, self.seed) = (temperature, seed)
    }
  }

  private let sampler: TextSampler
  private let questions: [Question]
  private let prompts: [[Int]]
  private let reward: any RewardFunction

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

  package func report(
    on p: Parameters, options: Options, isCancelled: () -> Bool = { false }
  ) async throws -> EvaluationReport {
    var greedyOptions = sampler.options
    greedyOptions.temperature = 0
    let greedy = try await ask(
      p, greedyOptions, completions: 1, seed: options.seed, isCancelled: isCancelled)
    let perQuestion = greedy.correct.map { $0[0] ? 1.0 : 0.0 }
    var report = EvaluationReport(
      count: questions.count, greedy: MeanEstimate(of: perQuestion),
      greedyPerQuestion: perQuestion, sampled: nil, unscored: greedy.unscored,
      examples: zip(questions.indices, greedy.texts).map {
        (questions[$0].prompt, $1[0], questions[$0].answer, greedy.correct[$0][0])
      })
    if options.samples > 0 {
      var sampling = sampler.options
      sampling.temperature = options.temperature
      let drawn = try await ask(
        p, sampling, completions: options.samples, seed: options.seed, isCancelled: isCancelled)
      report.sampled = try Evaluator.summary(drawn, options)
      report.unscored += drawn.unscored
    }
    return report
  }

  private struct Answers {
    var texts: [[String]] = []
    var correct: [[Bool]] = []
    var unscored = 0
  }

  private static func summary(
    _ answers: Answers, _ options: Options
  ) throws -> EvaluationReport.Sampled {
    let counts = answers.correct.map { samples in samples.count { $0 } }
    let shares = counts.map { Double($0) / Double(options.samples) }
    return EvaluationReport.Sampled(
      samples: options.samples, temperature: options.temperature,
      accuracy: MeanEstimate(of: shares),
      passAtK: try options.k.map { k in
        let values = try counts.map {
          try PassAtK.estimate(samples: options.samples, correct: $0, k: k)
        }
        return (k, MeanEstimate(of: values))
      },
      majorityAtK: try options.k.filter { $0 > 1 }.map { k in
        let values = try zip(answers.texts, answers.correct).map { texts, correct in
          let winner = try MajorityVote.winner(texts.map(\.trimmed), first: k)
          return winner.map { correct[$0] } == true ? 1.0 : 0.0
        }
        return (k, MeanEstimate(of: values))
      },
      perQuestion: shares)
  }

  /// Scores completions; where a score failed, all are asked for once more, and then it is an
  /// error: a figure that rests on failures would be none.
  private func score(_ completions: [Completion]) async throws -> RewardReport {
    let request = RewardRequest(step: 0, completions: completions)
    let rewards = try RewardSet([.init(reward)])
    var report = try await rewards.score(request)
    if report.maskedCount > 0 { report = try await rewards.score(request) }
    if let failure = report.functions.first?.firstFailure {
      throw RewardError.threw(reward: reward.name, problem: failure)
    }
    return report
  }

  /// Rows that are drawn at a time.
  private static let rowsAtOnce = 1 << 14

  private func ask(
    _ p: Parameters, _ sampling: SamplingOptions, completions count: Int, seed: UInt64,
    isCancelled: () -> Bool
  ) async throws -> Answers {
    let sampler = try TextSampler(
      engine: sampler.engine, tokenizer: sampler.tokenizer, options: sampling,
      stop: sampler.stop)
    let draws = Draws(key: RandomKey(seed: seed, purpose: .evaluation), step: 0)
    var answers = Answers()
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
      let response = try await score(completions.flatMap { $0 })
      for (i, samples) in completions.enumerated() {
        let scores = response.outcomes[i * count..<(i + 1) * count].map(\.total)
        answers.texts.append(samples.map(\.text))
        answers.correct.append(scores.map { ($0 ?? 0) >= 1 })
        answers.unscored += scores.count { $0 == nil }
      }
      first = last
    }
    return answers
  }
}

extension String {
  fileprivate var trimmed: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}
