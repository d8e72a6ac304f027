public import Formats

/// A reward for one token of a completion.
public struct TokenReward: Sendable, Equatable {
  /// The token's position in the completion, from 0.
  public var index: Int
  /// What the token earned; a finite number.
  public var reward: Double

  /// Creates a reward for one token.
  public init(index: Int, reward: Double) { (self.index, self.reward) = (index, reward) }
}

/// The verdict of one reward function on one completion.
public enum Score: Sendable, Equatable {
  /// A number for the completion as a whole, earned at its last token.
  case value(Double)
  /// Rewards for single tokens; several may name one token, and then add up.
  case stream([TokenReward])
  /// The function does not apply to the completion.
  case notApplicable
  /// The score could not be computed, for a reason given in one line.
  case failed(String)

  /// Why there is no score; nil where it did not fail.
  public var failureReason: String? {
    if case .failed(let reason) = self { reason } else { nil }
  }

  /// The completion's reward as one number: the value, or the sum of the stream.
  ///
  /// Nil where there is none.
  public var total: Double? {
    switch self {
    case .value(let value): value
    case .stream(let entries): entries.reduce(0) { $0 + $1.reward }
    case .notApplicable, .failed: nil
    }
  }
}

/// What a reward function returns for a request.
///
/// Nothing beside the scores can make a score fail: a metric that is not finite, a column of
/// another length, or a name that cannot be logged is dropped, and counted.
public struct RewardResponse: Sendable {
  /// The score of each completion, in the order of the request.
  public var scores: [Score]
  /// Further numbers about the batch, to be logged; each finite.
  ///
  /// Of a batch in parts the mean is logged.
  public var metrics: [Metric]
  /// How often things happened, to be logged where they did.
  ///
  /// Of a batch in parts the sum is logged.
  public var counts: [(name: Metric.Name, value: Int)] = []
  /// Further facts about each completion, to be logged with it: one value per completion.
  public var columns: [(name: String, values: [JSON])]
  /// Seconds that each score took, not negative; nil where they were not measured.
  public var seconds: [Double]?
  /// What a user should be warned of, one line each; no score depends on it.
  public var notes: [String] = []

  /// Creates a response, which must have one score for each completion.
  public init(
    scores: [Score], metrics: [Metric] = [],
    columns: [(name: String, values: [JSON])] = [], seconds: [Double]? = nil
  ) {
    (self.scores, self.metrics, self.columns, self.seconds) = (scores, metrics, columns, seconds)
  }

  /// What `score` says of each completion; one for which it throws has failed, with the error's text
  /// as the reason.
  init(scoring completions: [Completion], _ score: (Completion) throws -> Score) {
    self.init(
      scores: completions.map { completion in
        do {
          return try score(completion)
        } catch {
          return .failed(String(describing: error))
        }
      })
  }

  /// What is said about some of the completions, and about the batch.
  func selecting(_ indices: [Int]) -> RewardResponse {
    var part = self
    part.scores = indices.map { scores[$0] }
    part.columns = columns.map { column in (column.name, indices.map { column.values[$0] }) }
    part.seconds = seconds.map { seconds in indices.map { seconds[$0] } }
    return part
  }

  /// Adds what is said about further completions: metrics become means weighted by completions, and a
  /// column that one of both lacks is null there.
  package mutating func append(_ other: RewardResponse) {
    let (own, further) = (Double(scores.count), Double(other.scores.count))
    for metric in other.metrics {
      if let index = metrics.firstIndex(where: { $0.name == metric.name }) {
        let difference = metric.value - metrics[index].value
        metrics[index].value += difference * further / max(1, own + further)
      } else {
        metrics.append(metric)
      }
    }
    for (name, value) in other.counts { count(value, as: name) }
    let added = other.columns.map(\.name).filter { name in
      !columns.contains { $0.name.hasSameBytes(as: name) }
    }
    columns = (columns.map(\.name) + added).map { ($0, values(of: $0) + other.values(of: $0)) }
    if scores.isEmpty {
      seconds = other.seconds
    } else if let mine = seconds, let others = other.seconds {
      seconds = mine + others
    } else {
      seconds = nil
    }
    notes += other.notes
    scores += other.scores
  }

  /// Adds to what happened so many times.
  package mutating func count(_ value: Int, as name: Metric.Name) {
    if let index = counts.firstIndex(where: { $0.name == name }) {
      counts[index].value += value
    } else {
      counts.append((name, value))
    }
  }

  private func values(of column: String) -> [JSON] {
    columns.first { $0.name.hasSameBytes(as: column) }?.values
      ?? Array(repeating: .null, count: scores.count)
  }
}
