package import Datasets
package import Rewards

/// The reward that says which completions are correct.
package struct Judge {
  private let reward: any RewardFunction

  package init(reward: any RewardFunction) { self.reward = reward }

  /// What it says of completions, as many of each question, which are numbered from 1.
  package func judge(
    _ completions: [[Completion]], of questions: [Question], _ progress: RunProgress?
  ) async throws -> [[Judgement]] {
    let count = completions.first?.count ?? 0
    let scores = try await scores(completions.flatMap { $0 }, of: count, progress)
    return questions.indices.map { i in
      completions[i].enumerated().map { j, completion in
        let score = scores[i * count + j]
        return Judgement(
          question: questions[i], sample: j + 1, completion: completion,
          extracted: (reward as? any AnswerComparing)?.answer(of: completion)?.text,
          reward: score.total, failure: score.failureReason)
      }
    }
  }

  /// The scores of completions, `count` of each question.
  ///
  /// Where a score failed, all are asked for once more in halves, and of those again what failed: a
  /// function that raises for one question costs the others nothing. Eight parts that all fail are
  /// enough.
  private func scores(
    _ completions: [Completion], of count: Int, _ progress: RunProgress?
  ) async throws -> [Score] {
    let rewards = try RewardSet([.init(reward)])
    var scores = Array(repeating: Score.notApplicable, count: completions.count)
    /// Asks for the scores of these questions, and says whether one of them failed.
    func ask(_ part: Range<Int>) async throws -> Bool {
      let range = part.lowerBound * count..<part.upperBound * count
      let request = RewardRequest(
        step: 0, completions: Array(completions[range]), progress: progress)
      let found = try await rewards.score(request).functions[0].response.scores
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
}
