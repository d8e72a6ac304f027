internal import Datasets
internal import Evaluation
internal import Kernels
internal import LanguageModel
internal import Rewards
internal import Sampling

/// Where completions come from: the questions, what answers them, and what judges the answers.
struct RolloutSource {
  let questions: QuestionSet
  /// The ids of their prompts.
  let prompts: [[Int]]
  let sampler: TextSampler
  var rewards: RewardSet
}

/// Draws and scores the completions of one step.
struct RolloutCollector {
  private(set) var source: RolloutSource
  /// π_old, which draws.
  let policy: Parameters
  let draws: Draws
  /// How far the run is, for rewards that change with it.
  let progress: RunProgress
  let completionsPerQuestion: Int
  /// Into how many parts of about one size questions are divided, each of which is scored while the
  /// next is drawn.
  let parts: Int
  /// What failed of all that was scored, replaced questions included.
  private(set) var failures = FailureCount()
  /// How often each row was asked.
  ///
  /// A question that occurs twice goes on counting its samples, so no draw is repeated.
  private var asked: [Int: Int] = [:]

  init(
    _ source: RolloutSource, policy: Parameters, draws: Draws, progress: RunProgress,
    completionsPerQuestion: Int, parts: Int = 1
  ) {
    (self.source, self.policy, self.draws) = (source, policy, draws)
    (self.progress, self.parts) = (progress, parts)
    self.completionsPerQuestion = completionsPerQuestion
  }

  /// The same, judged by other rewards.
  func judged(by rewards: RewardSet) -> RolloutCollector {
    var other = self
    other.source.rewards = rewards
    return other
  }

  /// The completions of the questions in some rows of the data.
  mutating func rollout(of rows: [Int]) async throws -> Rollout {
    let questions = rows.map { source.questions.questions[$0] }
    let requests = rows.map { row in
      let earlier = asked[row, default: 0]
      asked[row] = earlier + 1
      return Sampler.Request(
        prompt: source.prompts[row], row: row, firstSample: earlier * completionsPerQuestion)
    }
    let parts = min(parts, rows.count)
    let (scoring, batches) = AsyncStream.makeStream(of: [Completion].self)
    let (rewards, progress, step) = (source.rewards, progress, draws.step + 1)
    async let report = Self.score(scoring, rewards, step: step, progress)
    var (samples, completions): ([[SampledCompletion]], [Completion]) = ([], [])
    var kept: Kept?
    for part in 0..<parts {
      let range = part * rows.count / parts..<(part + 1) * rows.count / parts
      let (drawn, batch) = try source.sampler.sample(
        policy, Array(questions[range]), Array(requests[range]),
        completions: completionsPerQuestion, draws: draws, keep: parts == 1)
      samples += drawn.completions
      completions += batch.flatMap { $0 }
      batches.yield(batch.flatMap { $0 })
      kept = drawn.kept
    }
    batches.finish()
    let rollout = Rollout(
      step: draws.step, questions: questions, requests: requests,
      drawn: Sampler.Result(completions: samples, kept: kept), completions: completions,
      report: try await report)
    failures.add(rollout.report)
    return rollout
  }

  /// The rewards of completions that are drawn of a rollout's questions beside its own.
  ///
  /// - Parameter sampler: nil for the one that drew the rollout.
  func rewards(
    of rollout: Rollout, drawnBy sampler: TextSampler? = nil, completionsPerQuestion count: Int
  ) async throws -> [Double?] {
    let (_, completions) = try (sampler ?? source.sampler).sample(
      policy, rollout.questions, rollout.requests, completions: count, draws: draws)
    let report = try await source.rewards.score(
      RewardRequest(
        step: draws.step + 1, completions: completions.flatMap { $0 }, progress: progress))
    return report.outcomes.map(\.total)
  }

  /// What rewards say of batches that come one after the other, as of one.
  private static func score(
    _ batches: AsyncStream<[Completion]>, _ rewards: RewardSet, step: Int, _ progress: RunProgress
  ) async throws -> RewardReport {
    var whole: RewardReport?
    for await batch in batches {
      let report = try await rewards.score(
        RewardRequest(step: step, completions: batch, progress: progress))
      whole = whole?.appending(report) ?? report
    }
    // A task that was cancelled gets no further batch.
    try Task.checkCancellation()
    guard let whole else { preconditionFailure("no batch") }
    return whole
  }
}
