import Formats
import PolicyOptimization
import Training

/// How far a stage is, its numbers smoothed for the eye, and how long it will go on.
struct StageProgress {
  private let stage: TrainingEvent.Stage
  private let total: Int
  private let mayEndEarly: Bool
  private var step = 0
  private var averages: [Metric.Name: Double] = [:]  // looked up, never iterated
  /// When the first and the last step reported, and how long the first one took.
  private var first: (step: Int, time: ContinuousClock.Instant)?
  private var last = ContinuousClock.now
  private var secondsOfFirst: Double?

  /// The weight of the newest step in what is shown.
  private static let newest = 0.1

  /// - Parameter mayEndEarly: Whether `total` is the most steps that the stage makes.
  init(stage: TrainingEvent.Stage, total: Int, mayEndEarly: Bool = false) {
    (self.stage, self.total, self.mayEndEarly) = (stage, total, mayEndEarly)
  }

  /// Whether no step has been made yet.
  var isFresh: Bool { first == nil }

  mutating func advance(to step: Int, _ metrics: JSONObject) {
    for field in fields {
      guard let value = metrics[field.metric]?.double, value.isFinite else { continue }
      averages[field.metric] =
        averages[field.metric].map { $0 + Self.newest * (value - $0) } ?? value
    }
    self.step = step
    last = .now
    if first == nil {
      first = (step, last)
      secondsOfFirst = metrics[.stepSeconds]?.double
    }
  }

  var reading: ProgressBar.Reading {
    var shown = fields.compactMap { field in averages[field.metric].map(field.text) }
    if let first = shown.first { shown[0] = "mean: " + first }
    return ProgressBar.Reading(
      stage: stage.rawValue, step: step, total: total, fields: shown,
      secondsLeft: secondsLeft, mayEndEarly: mayEndEarly)
  }

  /// By the mean time of a step; while a step goes on, the time since the last one counts down.
  private var secondsLeft: Double? {
    guard let first else { return nil }
    let steps = step - first.step
    let measured = steps > 0 ? (last - first.time) / .seconds(1) / Double(steps) : secondsOfFirst
    let sinceLast = (ContinuousClock.now - last) / .seconds(1)
    return measured.map { max(0, $0 * Double(total - step) - sinceLast) }
  }

  private typealias Field = (metric: Metric.Name, text: @Sendable (Double) -> String)

  private var fields: [Field] { stage == .train ? Self.ofTraining : Self.ofWarmStart }

  private static let ofWarmStart: [Field] = [
    (.loss, { "loss " + NumberFormat.short($0) })
  ]

  private static let ofTraining: [Field] = [
    (.reward, { "reward " + NumberFormat.fixed($0, digits: 3) }),
    (.kl, { "kl " + NumberFormat.short($0) }),
    (.meanLength, { "length " + NumberFormat.fixed($0, digits: 1) }),
    (.tokensPerSecond, { NumberFormat.count(Int(min($0, 1e12))) + " tok/s" }),
  ]
}

extension String {
  /// The text in at most `width` characters, "…" where something was left out.
  func shortened(to width: Int, keepingEnd: Bool = false) -> String {
    guard count > width, width > 1 else { return self }
    return keepingEnd ? "…" + suffix(width - 1) : prefix(width - 1) + "…"
  }
}
