internal import Rewards
internal import Sampling

extension Rollout {
  /// The places of the questions whose scored completions all have one reward, or that have fewer
  /// than two: they teach nothing.
  var dullQuestions: [Int] {
    questions.indices.filter { place in
      let totals = completionRange(of: place).compactMap { report.outcomes[$0].total }
      return totals.allSatisfy { $0 == totals.first }
    }
  }

  private func completionRange(of place: Int) -> Range<Int> {
    let before = drawn.completions[..<place].reduce(0) { $0 + $1.count }
    return before..<before + drawn.completions[place].count
  }

  /// The questions at some places, with all that belongs to them.
  ///
  /// Activations are kept for all questions or none: a part has none.
  func selecting(_ places: [Int]) -> Rollout {
    if places == Array(questions.indices) { return self }
    let numbers = places.flatMap { completionRange(of: $0) }
    return Rollout(
      questions: places.map { questions[$0] }, requests: places.map { requests[$0] },
      drawn: Sampler.Result(completions: places.map { drawn.completions[$0] }, kept: nil),
      completions: numbers.map { completions[$0] },
      report: report.selecting(numbers))
  }

  /// This rollout with the questions of another behind its own.
  func appending(_ other: Rollout) -> Rollout {
    Rollout(
      questions: questions + other.questions, requests: requests + other.requests,
      drawn: Sampler.Result(
        completions: drawn.completions + other.drawn.completions, kept: nil),
      completions: completions + other.completions,
      report: report.appending(other.report))
  }
}
