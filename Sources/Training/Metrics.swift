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
  mutating func add(_ updates: [PolicyTrainer.Update]) {
    guard let last = updates.last else { return }
    let count = Double(updates.count)
    self["loss"] = updates.reduce(0) { $0 + $1.loss } / count
    self["grad_norm"] = updates.reduce(0) { $0 + $1.gradientNorm } / count
    self["learning_rate"] = last.learningRate
    for (i, statistic) in last.statistics.enumerated() {
      let values = updates.map { $0.statistics[i].value }
      self[statistic.name] =
        switch statistic.name {
        case "clip_ratio/low_min": values.min()
        case "clip_ratio/high_max": values.max()
        default: values.reduce(0, +) / count
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
      let values = function.values.compactMap { $0 }
      let mean = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      self["rewards/\(function.name)/mean"] = mean
      self["rewards/\(function.name)/std"] = mean.flatMap { mean in
        guard values.count > 1 else { return nil }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
      }
      if function.failureCount > 0 {
        set("rewards/\(function.name)/failed", count: function.failureCount)
      }
      for metric in function.metrics {
        self["rewards/\(function.name)/\(metric.name)"] = metric.value
      }
    }
    set("rewards/masked", count: report.maskedCount)
  }
}
