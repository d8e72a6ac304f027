internal import Formats
internal import Foundation
internal import PolicyOptimization
internal import Rewards
internal import Sampling

/// One line of `metrics.jsonl`, under TRL's names.
///
/// What depends on the clock is named `step_time` or lies under `time/`.
struct MetricsLine {
  private(set) var object = JSONObject()

  init(step: Int) { object["step"] = .integer(step) }

  subscript(name: String) -> Double? {
    get { object[name]?.double }
    set { object[name] = newValue.map { .number($0) } ?? .null }
  }

  mutating func set(_ name: String, count: Int) { object[name] = .integer(count) }

  /// Means over the updates of a step; the learning rate is the last one's.
  mutating func add(_ updates: [UpdateReport]) {
    guard let last = updates.last else { return }
    let count = Double(updates.count)
    self["loss"] = updates.reduce(0) { $0 + $1.loss } / count
    self["grad_norm"] = updates.reduce(0) { $0 + $1.gradientNorm } / count
    self["learning_rate"] = last.learningRate
    var means = MeanStatistics()
    for update in updates { means.add(update.statistics) }
    for mean in means.values {
      let values = updates.flatMap { $0.statistics.filter { $0.name == mean.name }.map(\.value) }
      self[mean.name] =
        switch mean.name {
        case "clip_ratio/low_min": values.min()
        case "clip_ratio/high_max": values.max()
        default: mean.value
        }
    }
    set("skipped_updates", count: updates.count { $0.skipped })
  }

  /// Lengths and endings of the completions.
  mutating func add(_ completions: [SampledCompletion]) {
    func add(_ kind: String, _ lengths: [Int]) {
      let mean = lengths.isEmpty ? 0 : Double(lengths.reduce(0, +)) / Double(lengths.count)
      self["completions/mean_\(kind)"] = mean
      self["completions/min_\(kind)"] = Double(lengths.min() ?? 0)
      self["completions/max_\(kind)"] = Double(lengths.max() ?? 0)
    }
    add("length", completions.map(\.tokens.count))
    add("terminated_length", completions.filter(\.stopped).map(\.tokens.count))
    self["completions/clipped_ratio"] =
      Double(completions.count { !$0.stopped }) / Double(max(completions.count, 1))
  }

  /// Mean and spread of every reward function, and what went wrong.
  mutating func add(_ report: RewardReport) {
    for function in report.functions {
      func key(_ name: String) -> String { LogKeys.metric(name, of: function.name) }
      let values = function.values.compactMap { $0 }
      let mean = values.mean
      self[key("mean")] = mean
      self[key("std")] = mean.flatMap { mean in
        guard values.count > 1 else { return nil }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
      }
      if function.failureCount > 0 {
        set(key("failed"), count: function.failureCount)
      }
      for metric in function.metrics {
        self[key(metric.name)] = metric.value
      }
      for count in function.counts {
        set(key(count.name), count: count.value)
      }
      self[LogKeys.seconds(of: function.name)] = function.seconds
      if let slowest = function.slowestSeconds {
        self[LogKeys.slowest(of: function.name)] = slowest
      }
    }
    set("rewards/masked", count: report.maskedCount)
  }
}

/// Means of named figures, each over those of its reports that have it, in the order of the names'
/// first appearance.
struct MeanStatistics {
  private var sums: [(name: String, sum: Double, count: Int)] = []

  mutating func add(_ statistics: [(name: String, value: Double)]) {
    for statistic in statistics {
      if let place = sums.firstIndex(where: { $0.name.hasSameBytes(as: statistic.name) }) {
        sums[place].sum += statistic.value
        sums[place].count += 1
      } else {
        sums.append((statistic.name, statistic.value, 1))
      }
    }
  }

  var values: [(name: String, value: Double)] {
    sums.map { ($0.name, $0.sum / Double($0.count)) }
  }
}
