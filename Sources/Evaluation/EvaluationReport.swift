internal import Datasets
public import Formats
public import Rewards

/// What an evaluation measured; all means are over questions.
public struct EvaluationReport: Sendable {
  /// The figures of several sampled completions a question.
  public struct Sampled: Sendable {
    /// Completions drawn for each question.
    public var samples: Int
    /// The temperature they were drawn at.
    public var temperature: Double
    /// Mean over questions of the share of correct samples.
    public var accuracy: MeanEstimate?
    /// pass@k for each k asked for: whether any of k samples is correct (``PassAtK``).
    public var passAtK: [(k: Int, value: MeanEstimate?)]
    /// maj@k for each k above 1 asked for: whether the majority of k samples is correct
    /// (``MajorityVote``).
    public var majorityAtK: [(k: Int, value: MeanEstimate?)]
    /// What the samples vote with for `majorityAtK`.
    public var ballot: MajorityVote.Ballot
    /// The share of correct samples of each question, 0 to 1.
    public var perQuestion: [Double]
  }

  /// How many questions were asked.
  public var count: Int
  /// Accuracy of the completions drawn at temperature 0, 0 to 1; nil without questions.
  public var greedy: MeanEstimate?
  /// 1 where a question's greedy completion is correct, else 0.
  public var greedyPerQuestion: [Double]
  /// Figures of sampled completions; nil where none were drawn.
  public var sampled: Sampled?
  /// Completions without a score, which count as wrong: the reward did not apply, or failed.
  public var unscored: Int
  /// Those of the unscored completions whose score failed.
  public var failures = FailureCount()
  /// The mean reward of the greedy completions; nil where every score is 0 or 1.
  public var greedyReward: MeanEstimate?
  /// The largest of all scores; nil where there is none.
  public var largestReward: Double?
  /// The greedy completion of each question, with the answer that the reward finds in it.
  public var examples: [Example]

  /// A question and its greedy completion.
  public struct Example: Sendable {
    /// The question as the policy read it.
    public var prompt: String
    /// The completion's text, without its end-of-sequence token.
    public var completion: String
    /// The answer within `completion`; nil where the reward finds or compares none.
    public var extracted: String?
    /// The right answer; nil where the question has none.
    public var answer: String?
    /// Whether the reward calls the completion correct.
    public var isCorrect: Bool

    init(_ judgement: Judgement) {
      (prompt, completion) = (judgement.question.prompt, judgement.completion.text)
      (extracted, answer) = (judgement.extracted, judgement.question.answer)
      isCorrect = judgement.isCorrect
    }
  }

  package init(
    count: Int, greedy: MeanEstimate?, greedyPerQuestion: [Double], sampled: Sampled?,
    unscored: Int, examples: [Example]
  ) {
    (self.count, self.greedy, self.greedyPerQuestion) = (count, greedy, greedyPerQuestion)
    (self.sampled, self.unscored, self.examples) = (sampled, unscored, examples)
  }
}

extension EvaluationReport.Sampled {
  /// The figures of the k that `options` names, over all samples that it asks for.
  ///
  /// - Parameters:
  ///   - correct: Whether each sample of each question is.
  ///   - votes: What each of them votes for (``MajorityVote/vote(of:under:)``).
  package init(
    correct: [[Bool]], votes: [[String?]], ballot: MajorityVote.Ballot,
    options: Evaluator.Options
  ) throws(StatisticsError) {
    let counts = correct.map { samples in samples.count { $0 } }
    perQuestion = counts.map { Double($0) / Double(options.samples) }
    (samples, temperature) = (options.samples, options.temperature)
    accuracy = MeanEstimate(of: perQuestion)
    passAtK = try options.k.map { k throws(StatisticsError) in
      let values = try counts.map { count throws(StatisticsError) in
        try PassAtK.estimate(samples: options.samples, correct: count, k: k)
      }
      return (k, MeanEstimate(of: values))
    }
    majorityAtK = try options.k.filter { $0 > 1 }.map { k throws(StatisticsError) in
      let values = try zip(votes, correct).map { votes, correct throws(StatisticsError) in
        let winner = try MajorityVote.winner(votes, first: k)
        return winner.map { correct[$0] } == true ? 1.0 : 0.0
      }
      return (k, MeanEstimate(of: values))
    }
    self.ballot = ballot
  }

  /// What tables call maj@k: where whole texts vote, it says so.
  package func majorityName(_ k: Int) -> String {
    switch ballot {
    case .answers: "maj@\(k)"
    case .wholeTexts: "maj@\(k) of whole texts"
    }
  }
}

extension EvaluationReport {
  /// Whether any completion is right.
  package var hasRightAnswer: Bool { Correctness.isCorrect(largestReward) }

  /// What keeps the figures from being any; nil where few scores failed, or none.
  package func failure(of judge: String) -> RewardError? {
    failures.areMany
      ? .failed(reward: judge, problem: failures.inWords("scores of the evaluation")) : nil
  }

  /// The figures as JSON, for programs.
  public func encoded() -> JSONObject {
    func estimate(_ value: MeanEstimate?) -> JSONObject {
      MeanEstimate.encoded(value, mean: "accuracy")
    }
    var object: JSONObject = ["n": .integer(count), "greedy": .object(estimate(greedy))]
    if let sampled {
      var inner: JSONObject = [
        "samples": .integer(sampled.samples), "temperature": .number(sampled.temperature),
      ]
      for (key, value) in estimate(sampled.accuracy).entries { inner[key] = value }
      for (k, value) in sampled.passAtK {
        inner["pass@\(k)"] = value.map { .number($0.mean) } ?? .null
      }
      for (k, value) in sampled.majorityAtK {
        inner["maj@\(k)"] = value.map { .number($0.mean) } ?? .null
      }
      if !sampled.majorityAtK.isEmpty { inner["maj_votes"] = .string(sampled.ballot.rawValue) }
      object["sampled"] = .object(inner)
    }
    if let greedyReward { object["greedy_reward"] = .number(greedyReward.mean) }
    object["unscored"] = .integer(unscored)
    if failures.failed > 0 {
      object["failed"] = .integer(failures.failed)
      object["failure"] = failures.reason.map { .string($0) } ?? .null
    }
    return object
  }
}
