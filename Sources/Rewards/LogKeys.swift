package import Formats

/// The keys under which a run logs what its rewards say, no two alike whatever the names are.
///
/// Scores and what a run logs of every reward itself have their keys first. Of what rewards log
/// beside, a name whose key is another's has none.
package struct LogKeys {
  /// What `completions.jsonl` calls each reward's score, in the order of the rewards: its name, unless
  /// that is a column of another kind.
  package private(set) var scores: [String] = []
  private var columns: Set<ByteKey>
  private var metrics: Set<Metric.Name> = []

  /// What a line of `completions.jsonl` has beside what rewards say.
  private static let ownColumns = [
    "step", "prompt", "completion", "answer", "reward", "advantage", "token_ids",
  ]

  package init(rewards names: [String]) {
    let own = Set(Self.ownColumns.map(ByteKey.init))
    columns = own.union(names.map(ByteKey.init))
    scores = names.map { name in
      var key = name
      if own.contains(ByteKey(name)) {
        repeat { key = "rewards/\(key)" } while !columns.insert(ByteKey(key)).inserted
      }
      return key
    }
    for name in names {
      metrics.formUnion(RewardLog.ownNames.map { Self.metric($0, of: name) })
      metrics.insert(Self.seconds(of: name))
    }
  }

  package static func column(_ name: String, of reward: String) -> String { "\(reward)/\(name)" }

  package static func metric(_ name: Metric.Name, of reward: String) -> Metric.Name {
    Metric.Name("rewards/\(reward)/\(name.text)")
  }

  package static func seconds(of reward: String) -> Metric.Name {
    Metric.Name("time/rewards/\(reward)")
  }

  package static func slowest(of reward: String) -> Metric.Name {
    Metric.Name("time/rewards/\(reward)/slowest")
  }

  /// Takes the key of a column, unless it is another's.
  mutating func takeColumn(_ name: String, of reward: String) -> Bool {
    columns.insert(ByteKey(Self.column(name, of: reward))).inserted
  }

  /// Takes the key of a metric, unless it is another's.
  mutating func takeMetric(_ name: Metric.Name, of reward: String) -> Bool {
    metrics.insert(Self.metric(name, of: reward)).inserted
  }

  /// Takes the key of the slowest score's time, unless it is another's.
  mutating func takeSlowest(of reward: String) -> Bool {
    metrics.insert(Self.slowest(of: reward)).inserted
  }
}

extension RewardReport {
  /// This report without what is logged under a name whose key is another's; that is counted.
  func withKeysOfItsOwn() -> RewardReport {
    var report = self
    var keys = LogKeys(rewards: functions.map(\.name))
    for (index, function) in functions.enumerated() {
      var (response, refused) = (function.response, [String]())
      func keep(_ isTaken: Bool, _ path: String) -> Bool {
        if !isTaken { refused.append(path) }
        return isTaken
      }
      response.metrics = response.metrics.filter {
        keep(keys.takeMetric($0.name, of: function.name), "metrics.\($0.name.text)")
      }
      response.columns = response.columns.filter {
        keep(keys.takeColumn($0.name, of: function.name), "columns.\($0.name)")
      }
      if function.slowestSeconds != nil, !keep(keys.takeSlowest(of: function.name), "seconds") {
        report.functions[index].slowestSeconds = nil
      }
      if let first = refused.first {
        response.leaveOut(
          refused.count,
          because: "\(oneLine(first)): the name is already in the log (need another)")
      }
      report.functions[index].response = response
    }
    return report
  }
}
