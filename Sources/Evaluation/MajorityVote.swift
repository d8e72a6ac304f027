internal import Formats
public import Rewards

/// maj@k: the answer that most of the first k samples of a question give.
///
/// Wang et al. 2022, "Self-Consistency" (<https://arxiv.org/abs/2203.11171>). Tie rule: among the
/// answers with the most votes, the one that occurs first. Answers are the same when their UTF-8
/// bytes are; bring them into one form (trimmed, lower case, 7.0 as 7) before the vote, as ``vote(of:under:)``
/// does. A sample without an answer (nil) does not vote, and an empty answer does.
public enum MajorityVote {
  /// What the samples vote with.
  public enum Ballot: String, Sendable {
    /// The answers that the reward compares, workings and spelling aside.
    case answers
    /// Whole completions, trimmed: the reward compares no answer, or does not say which.
    case wholeTexts = "whole_texts"
  }

  /// What is voted with where `reward` judges.
  public static func ballot(under reward: any RewardFunction) -> Ballot {
    reward is any AnswerComparing ? .answers : .wholeTexts
  }

  /// What `completion` votes for where `reward` judges; nil where it has no answer.
  public static func vote(of completion: Completion, under reward: any RewardFunction) -> String? {
    if let comparing = reward as? any AnswerComparing {
      comparing.answer(of: completion)?.canonical
    } else {
      completion.text.trimmingWhiteSpace
    }
  }

  /// The first sample, among the first k, that gives the winning answer; nil when none gives any.
  ///
  /// The question counts as correct when that sample does.
  ///
  /// - Throws: `StatisticsError` unless 1 ≤ k ≤ the number of answers.
  public static func winner(
    _ answers: [String?], first k: Int
  ) throws(StatisticsError) -> Int? {
    try StatisticsError.check(k: k, samples: answers.count)
    var ballots: [(first: Int, votes: Int)] = []
    var ballotOfAnswer: [[UInt8]: Int] = [:]  // looked up, never iterated
    for (sample, answer) in answers.prefix(k).enumerated() {
      guard let answer else { continue }
      let key = Array(answer.utf8)
      if let ballot = ballotOfAnswer[key] {
        ballots[ballot].votes += 1
      } else {
        ballotOfAnswer[key] = ballots.count
        ballots.append((first: sample, votes: 1))
      }
    }
    // Ballots stand in order of their first sample, so the first of the largest wins a tie.
    let mostVotes = ballots.map(\.votes).max()
    return ballots.first { $0.votes == mostVotes }?.first
  }
}
