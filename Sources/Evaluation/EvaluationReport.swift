public import Formats

/// What an evaluation found.
///
/// All means are over questions.
public struct EvaluationReport: Sendable {
  public struct Sampled: Sendable {
    public var samples: Int
    public var temperature: Double
    /// Mean over questions of the share of correct samples.
    public var accuracy: MeanEstimate?
    public var passAtK: [(k: Int, value: MeanEstimate?)]
    public var majorityAtK: [(k: Int, value: MeanEstimate?)]
    /// The share of correct samples of each question.
    public var perQuestion: [Double]
  }

  /// Questions that were asked.
  public var count: Int
  /// Accuracy of the most likely completion.
  public var greedy: MeanEstimate?
  /// 1 or 0 for each question.
  public var greedyPerQuestion: [Double]
  public var sampled: Sampled?
  /// Completions to which the reward did not apply, which count as wrong.
  ///
  /// A reward that fails ends the evaluation instead.
  public var unscored: Int
  /// Greedy completions, one a question, with their scores.
  public var examples: [(prompt: String, completion: String, answer: String?, correct: Bool)]
}

extension EvaluationReport {
  /// The report for programs.
  public func encoded() -> JSONObject {
    func estimate(_ value: MeanEstimate?) -> JSONObject {
      [
        "accuracy": value.map { .number($0.mean) } ?? .null,
        "stderr": value?.standardError.map { .number($0) } ?? .null,
      ]
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
      object["sampled"] = .object(inner)
    }
    object["unscored"] = .integer(unscored)
    return object
  }
}
