package import Formats
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

  subscript(name: Metric.Name) -> Double? {
    get { object[name]?.double }
    set { object[name] = newValue.map { .number($0) } ?? .null }
  }

  mutating func set(_ name: Metric.Name, count: Int) { object[name] = .integer(count) }

  mutating func add(_ metrics: [Metric]) {
    for metric in metrics { self[metric.name] = metric.value }
  }

  /// What the updates of a step say together; the learning rate is the last one's.
  mutating func add(_ updates: [UpdateReport]) {
    guard let last = updates.last else { return }
    let count = Double(updates.count)
    self[.loss] = updates.reduce(0) { $0 + $1.loss } / count
    self[.gradientNorm] = updates.reduce(0) { $0 + $1.gradientNorm } / count
    self[.learningRate] = last.learningRate
    add(updates.flatMap(\.metrics).combined())
    set(.skippedUpdates, count: updates.count { $0.skipped })
  }

  /// Lengths and endings of the completions.
  mutating func add(_ completions: [SampledCompletion]) {
    add(lengths: completions.map(\.tokens.count), .meanLength, .shortestLength, .longestLength)
    add(
      lengths: completions.filter(\.stopped).map(\.tokens.count), .meanEndedLength,
      .shortestEndedLength, .longestEndedLength)
    self[.cutOffCompletions] =
      Double(completions.count { !$0.stopped }) / Double(max(completions.count, 1))
  }

  private mutating func add(
    lengths: [Int], _ mean: Metric.Name, _ shortest: Metric.Name, _ longest: Metric.Name
  ) {
    self[mean] = lengths.isEmpty ? 0 : Double(lengths.reduce(0, +)) / Double(lengths.count)
    self[shortest] = Double(lengths.min() ?? 0)
    self[longest] = Double(lengths.max() ?? 0)
  }

  /// Mean and spread of every reward function, and what went wrong.
  mutating func add(_ report: RewardReport) {
    for function in report.functions {
      func key(_ name: Metric.Name) -> Metric.Name { LogKeys.metric(name, of: function.name) }
      let values = function.values.compactMap { $0 }
      let mean = values.mean
      self[key(.mean)] = mean
      self[key(.standardDeviation)] = mean.flatMap { mean in
        guard values.count > 1 else { return nil }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
      }
      if function.failureCount > 0 {
        set(key(.failedScores), count: function.failureCount)
      }
      for metric in function.response.metrics {
        self[key(metric.name)] = metric.value
      }
      for count in function.response.counts {
        set(key(count.name), count: count.value)
      }
      self[LogKeys.seconds(of: function.name)] = function.seconds
      if let slowest = function.slowestSeconds {
        self[LogKeys.slowest(of: function.name)] = slowest
      }
    }
    set(.maskedCompletions, count: report.maskedCount)
  }
}

extension Metric.Name {
  package static let loss = Metric.Name("loss")
  /// Before clipping.
  package static let gradientNorm = Metric.Name("grad_norm")
  package static let learningRate = Metric.Name("learning_rate")
  /// Updates that moved nothing.
  package static let skippedUpdates = Metric.Name("skipped_updates")

  package static let meanLength = Metric.Name("completions/mean_length")
  package static let shortestLength = Metric.Name("completions/min_length")
  package static let longestLength = Metric.Name("completions/max_length")
  /// Of completions that ended before the limit.
  package static let meanEndedLength = Metric.Name("completions/mean_terminated_length")
  package static let shortestEndedLength = Metric.Name("completions/min_terminated_length")
  package static let longestEndedLength = Metric.Name("completions/max_terminated_length")
  /// The share of completions that the limit cut off.
  package static let cutOffCompletions = Metric.Name("completions/clipped_ratio")

  /// Between what the sampler recorded and what the trainer computes.
  package static let largestLogProbDifference = Metric.Name("sampling/sampling_logp_difference/max")
  package static let meanLogProbDifference = Metric.Name("sampling/sampling_logp_difference/mean")
  package static let comparedTokens = Metric.Name("sampling/compared_tokens")

  /// How often the reference policy has moved.
  package static let referenceResets = Metric.Name("reference_resets")
  /// Tokens of prompts and completions over the whole run.
  package static let tokens = Metric.Name("num_tokens")
  /// Completions left out, since a reward failed.
  package static let maskedCompletions = Metric.Name("rewards/masked")
  package static let heldOutAccuracy = Metric.Name("eval/accuracy")

  package static let stepSeconds = Metric.Name("step_time")
  package static let samplingSeconds = Metric.Name("time/sampling")
  package static let updateSeconds = Metric.Name("time/update")
  package static let tokensPerSecond = Metric.Name("time/completion_tokens_per_second")
}
