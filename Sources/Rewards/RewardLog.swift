package import Formats

/// What a reward says beside its scores, as far as it can be logged.
///
/// Nothing that is said here costs a score: ``add(_:)`` leaves out what cannot be logged, and counts
/// it. Every such value goes through there, whatever kind of reward it comes from.
package struct RewardLog {
  /// One thing that is said, as it came.
  package enum Fact {
    /// A number about the batch.
    case metric(String, JSON)
    /// A number about the batch, or one for each completion, whose mean is logged.
    case metricOrList(String, JSON)
    /// A value for each completion.
    case column(String, JSON)
    /// How long each score took.
    case seconds(JSON)
    /// What stands where an object with names should be.
    case none(String, JSON)
  }

  package private(set) var metrics: [Metric] = []
  package private(set) var columns: [(name: String, values: [JSON])] = []
  package private(set) var seconds: [Double]?
  /// How many facts were left out.
  package private(set) var leftOut = 0
  /// Why the first of them was, in one line.
  package private(set) var reason: String?

  private let completions: Int

  package init(completions: Int) { self.completions = completions }

  /// Names that a run logs of every reward itself.
  static let ownNames: [Metric.Name] = [
    .mean, .standardDeviation, .failedScores, .restarts, .retries, .discardedReplies, .unlogged,
  ]
  private static let longestName = 200

  /// Adds a fact, or leaves it out.
  package mutating func add(_ fact: Fact) {
    do throws(ScoreFailure) {
      switch fact {
      case .metric(let text, let value):
        let name = Metric.Name(text)
        try check(text, isNew: !metrics.contains { $0.name == name })
        guard !Self.ownNames.contains(name) else {
          throw ScoreFailure("the name is reserved for the run (need another)")
        }
        metrics.append(Metric(name, try number(value)))
      case .metricOrList(let name, let value):
        guard let elements = value.array else { return add(.metric(name, value)) }
        // An empty list has no mean, and nothing is wrong with it.
        if elements.isEmpty { return }
        var sum = 0.0
        for element in elements { sum += try number(element) }
        add(.metric(name, .number(sum / Double(elements.count))))
      case .column(let name, let value):
        try check(name, isNew: !columns.contains { $0.name.hasSameBytes(as: name) })
        columns.append((name, try list(value)))
      case .seconds(let value):
        seconds = try list(value).map { element throws(ScoreFailure) in
          let seconds = try number(element)
          guard seconds >= 0 else { throw ScoreFailure("got \(seconds); need seconds from 0") }
          return seconds
        }
      case .none(_, let value):
        throw ScoreFailure("got \(excerpt(value.encodedBytes())); need an object")
      }
    } catch {
      leftOut += 1
      reason = reason ?? "\(oneLine(fact.path)): \(error.reason)"
    }
  }

  private func check(_ name: String, isNew: Bool) throws(ScoreFailure) {
    guard !name.isEmpty else { throw ScoreFailure("has no name") }
    guard name.utf8.count <= Self.longestName else {
      throw ScoreFailure("the name has \(name.utf8.count) bytes; need at most \(Self.longestName)")
    }
    guard isNew else { throw ScoreFailure("the name occurs twice") }
  }

  private func number(_ value: JSON) throws(ScoreFailure) -> Double {
    if let flag = value.bool { return flag ? 1 : 0 }
    guard let number = value.double else {
      throw ScoreFailure("got \(excerpt(value.encodedBytes())); need a number")
    }
    guard number.isFinite else { throw ScoreFailure("got \(number); need a finite number") }
    return number
  }

  private func list(_ value: JSON) throws(ScoreFailure) -> [JSON] {
    guard let values = value.array else {
      throw ScoreFailure("got \(excerpt(value.encodedBytes())); need a list")
    }
    guard values.count == completions else {
      throw ScoreFailure("got \(values.count) values; sent \(completions) completions")
    }
    return values
  }
}

extension RewardLog.Fact {
  /// Where a reply has it.
  fileprivate var path: String {
    switch self {
    case .metric(let name, _): "metrics.\(name)"
    case .metricOrList(let name, _): "extra_logs.\(name)"
    case .column(let name, _): "columns.\(name)"
    case .seconds: "seconds"
    case .none(let key, _): key
    }
  }
}

extension RewardResponse {
  /// Takes what `log` has in place of what was said beside the scores.
  package mutating func take(_ log: RewardLog) {
    (metrics, columns, seconds) = (log.metrics, log.columns, log.seconds)
    if let reason = log.reason { leaveOut(log.leftOut, because: reason) }
  }

  /// Counts and notes what is not logged.
  mutating func leaveOut(_ count: Int, because reason: String) {
    self.count(count, as: .unlogged)
    notes.append("\(count) logged values were ignored: \(reason)")
  }

  /// Leaves out what cannot be logged.
  mutating func keepWhatCanBeLogged() {
    var log = RewardLog(completions: scores.count)
    for metric in metrics { log.add(.metric(metric.name.text, .number(metric.value))) }
    for column in columns { log.add(.column(column.name, .array(column.values))) }
    if let seconds { log.add(.seconds(.array(seconds.map { .number($0) }))) }
    take(log)
  }
}

extension Metric.Name {
  /// The mean of a reward's scores, before its weight.
  package static let mean = Metric.Name("mean")
  package static let standardDeviation = Metric.Name("std")
  package static let failedScores = Metric.Name("failed")
  /// Processes that were started again.
  package static let restarts = Metric.Name("restarts")
  /// Requests that were sent again.
  package static let retries = Metric.Name("retries")
  /// Replies that nobody waited for any more.
  package static let discardedReplies = Metric.Name("discarded")
  /// What could not be logged.
  package static let unlogged = Metric.Name("unlogged")
}
