internal import Datasets
internal import Formats
internal import Rewards
internal import Sampling

/// Replaces degenerate questions, whose completions all earn the same and teach nothing.
///
/// As many rounds as the recipe allows; what is degenerate after the last is left out. Yu et al. 2025
/// (DAPO), eq. 11 (<https://arxiv.org/abs/2503.14476>).
struct DynamicSampling {
  let rounds: Int
  /// Of the questions that take the place of others.
  let order: DataOrder
  private(set) var roundsMade = 0
  private(set) var replaced = 0
  private(set) var leftOut = 0

  init(rounds: Int, order: DataOrder) { (self.rounds, self.order) = (rounds, order) }

  /// Leaves the questions of a rollout that a step learns from, with others in the place of the rest.
  mutating func replaceDegenerateQuestions(
    of rollout: inout Rollout, from collector: inout RolloutCollector
  ) async throws {
    if rounds == 0 { return }
    let count = rollout.questions.count
    while !rollout.degenerateQuestions.isEmpty, roundsMade < rounds {
      // Every round of every step has draws of its own: as many as a step has questions.
      let turn = collector.draws.step * rounds + roundsMade
      let fresh = order.rows(step: turn, count: count).prefix(
        rollout.degenerateQuestions.count)
      let further = try await collector.rollout(of: Array(fresh))
      rollout = rollout.selecting(rollout.informativeQuestions).appending(further)
      replaced += fresh.count
      roundsMade += 1
    }
    let informative = rollout.informativeQuestions
    // If no question is informative, all are kept: only a penalty moves the policy then.
    if !informative.isEmpty { rollout = rollout.selecting(informative) }
    leftOut = count - rollout.questions.count
  }

  /// None without rounds.
  var metrics: [Metric] {
    rounds == 0
      ? []
      : [
        Metric(.samplingRounds, Double(roundsMade)), Metric(.replacedQuestions, Double(replaced)),
        Metric(.questionsLeftOut, Double(leftOut)),
      ]
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

extension Rollout {
  /// The indices of the questions whose scored completions all have one reward, or that have fewer
  /// than two.
  var degenerateQuestions: [Int] {
    questions.indices.filter { index in
      let totals = completionRange(of: index).compactMap { report.outcomes[$0].total }
      return totals.allSatisfy { $0 == totals.first }
    }
  }

  fileprivate var informativeQuestions: [Int] {
    let degenerate = degenerateQuestions
    return questions.indices.filter { !degenerate.contains($0) }
  }

  /// The questions with some indices, with all that belongs to them.
  ///
  /// Activations are kept for all questions or none: a part has none.
  fileprivate func selecting(_ indices: [Int]) -> Rollout {
    if indices == Array(questions.indices) { return self }
    let numbers = indices.flatMap { completionRange(of: $0) }
    return Rollout(
      step: step, questions: indices.map { questions[$0] }, requests: indices.map { requests[$0] },
      drawn: Sampler.Result(completions: indices.map { drawn.completions[$0] }, kept: nil),
      completions: numbers.map { completions[$0] },
      report: report.selecting(numbers))
  }

  /// This rollout with the questions of another behind its own.
  fileprivate func appending(_ other: Rollout) -> Rollout {
    Rollout(
      step: step, questions: questions + other.questions, requests: requests + other.requests,
      drawn: Sampler.Result(
        completions: drawn.completions + other.drawn.completions, kept: nil),
      completions: completions + other.completions,
      report: report.appending(other.report))
  }
}
