internal import Datasets
internal import Evaluation
internal import Formats
internal import Kernels
internal import LanguageModel
internal import PolicyOptimization
internal import Recipes
internal import Rewards
internal import Sampling

extension TrainingLoop {
  /// Draws and scores the completions of a step; questions that teach nothing are replaced for as
  /// many rounds as the recipe allows, and left out after the last.
  ///
  /// Metrics, with dynamic sampling, in this order: `dynamic_sampling/rounds`, `/replaced` and
  /// `/left_out`.
  func collect(
    _ rows: [Int], _ policy: Parameters, _ progress: RunProgress, _ draws: Draws
  ) async throws -> (Rollout, metrics: [Metric], RewardFailures) {
    var seen: [Int: Int] = [:]
    var rollout = try await draw(rows, policy, progress, draws, &seen)
    var failures = RewardFailures(rollout.report)
    let rounds = train.axes.dynamicSamplingRounds
    if rounds == 0 { return (rollout, [], failures) }
    let order = DataOrder(
      count: questions.questions.count, seed: UInt64(recipe.seed), stream: .dynamicSampling)
    var (round, replaced) = (0, 0)
    var dull = rollout.dullQuestions
    while !dull.isEmpty, round < rounds {
      // Every round of every step has draws of its own: as many as a step has questions.
      let turn = draws.step * rounds + round
      let fresh = Array(order.rows(step: turn, count: rows.count).prefix(dull.count))
      let kept = rollout.selecting(rollout.questions.indices.filter { !dull.contains($0) })
      let further = try await draw(fresh, policy, progress, draws, &seen)
      failures.add(further.report)
      rollout = kept.appending(further)
      replaced += fresh.count
      round += 1
      dull = rollout.dullQuestions
    }
    let informative = rollout.questions.indices.filter { !dull.contains($0) }
    // A step in which nothing can be learned is left whole: it moves nothing but by its penalty.
    if !informative.isEmpty { rollout = rollout.selecting(informative) }
    return (
      rollout,
      [
        Metric(.samplingRounds, Double(round)), Metric(.replacedQuestions, Double(replaced)),
        Metric(.questionsLeftOut, Double(rows.count - rollout.questions.count)),
      ], failures
    )
  }

  private func draw(
    _ rows: [Int], _ policy: Parameters, _ progress: RunProgress, _ draws: Draws,
    _ seen: inout [Int: Int]
  ) async throws -> Rollout {
    try await Rollout.collect(
      sampler: sampler, policy: policy, questions: rows.map { questions.questions[$0] },
      prompts: rows.map { prompts[$0] }, completions: train.completionsPerQuestion,
      rewards: rewards, progress: progress, draws: draws, parts: train.scoringParts, seen: &seen)
  }

  /// Asks the objective at the first update of a step, until it was told once, whether it does what
  /// it must.
  func check(_ update: PendingUpdate, step: Int, isChecked: inout Bool) throws {
    if isChecked || update.index > 0 { return }
    let verdict = SelfCheck.verdict(of: update.objective, at: update.inputs)
    isChecked = verdict != .undecided
    guard case .broken(let problem) = verdict else { return }
    // An objective from outside may have its reasons; one of ours has none.
    if update.objective is PolicyObjective {
      throw TrainingError.selfCheck(step: step + 1, problem: problem)
    }
    report(.warning("step \(step + 1): self-check: \(problem)"))
  }
}

/// What failed of all rewards that a step asked for, replaced questions included.
struct RewardFailures {
  private(set) var masked = 0
  private(set) var count = 0
  /// The first reason, with the reward's name; nil where nothing is masked.
  private(set) var reason: String?

  /// Whether more than a tenth is masked, which no run goes on from.
  var areMany: Bool { masked * 10 > count }

  init(_ report: RewardReport) { add(report) }

  mutating func add(_ report: RewardReport) {
    masked += report.maskedCount
    count += report.outcomes.count
    guard reason == nil, report.maskedCount > 0 else { return }
    let failed = report.functions.first { $0.failureCount > 0 && !$0.failuresAreZero }
    reason = failed.map { "\($0.name): \($0.firstFailure ?? "no reason given")" } ?? "unknown"
  }
}

extension Metric.Name {
  /// Rounds in which questions were replaced.
  static let samplingRounds = Metric.Name("dynamic_sampling/rounds")
  /// Questions drawn in place of others.
  static let replacedQuestions = Metric.Name("dynamic_sampling/replaced")
  /// Questions by which the step is short.
  static let questionsLeftOut = Metric.Name("dynamic_sampling/left_out")
}
