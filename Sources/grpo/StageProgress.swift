import Formats
import Training

/// How far a stage is, its numbers smoothed for the eye, and how long it will go on.
struct StageProgress {
  private let stage: TrainingEvent.Stage
  private let startingAfter: Int
  private let total: Int
  private let began: ContinuousClock.Instant
  private var step: Int
  private var averages: [String: Double] = [:]  // looked up, never iterated
  private var measured: ContinuousClock.Instant

  /// The weight of the newest step in what is shown.
  private static let newest = 0.1

  init(stage: TrainingEvent.Stage, startingAfter: Int, total: Int) {
    (self.stage, self.startingAfter, self.total) = (stage, startingAfter, total)
    step = startingAfter
    began = .now
    measured = .now
  }

  /// Whether no step has been made yet.
  var isFresh: Bool { step == startingAfter }

  mutating func advance(to step: Int, _ metrics: JSONObject) {
    for name in Self.shown.map(\.metric) {
      guard let value = metrics[name]?.double, value.isFinite else { continue }
      averages[name] = averages[name].map { $0 + Self.newest * (value - $0) } ?? value
    }
    self.step = step
    measured = .now
  }

  var reading: ProgressBar.Reading {
    ProgressBar.Reading(
      stage: stage.rawValue, step: step, total: total,
      fields: Self.shown.compactMap { entry in averages[entry.metric].map(entry.text) },
      secondsLeft: secondsLeft)
  }

  /// By the mean time of a step; while a step goes on, the time since the last one counts down.
  private var secondsLeft: Double? {
    let steps = step - startingAfter
    guard steps > 0 else { return nil }
    let perStep = (measured - began) / .seconds(1) / Double(steps)
    // The first step reports when it is done, so the stage began one step before its report.
    let corrected = steps == 1 ? perStep : perStep * Double(steps) / Double(steps)
    return max(0, corrected * Double(total - step) - (ContinuousClock.now - measured) / .seconds(1))
  }

  private static let shown: [(metric: String, text: @Sendable (Double) -> String)] = [
    ("reward", { "reward " + Figures.fixed($0, digits: 3) }),
    ("loss", { "loss " + Figures.short($0) }),
    ("kl", { "kl " + Figures.short($0) }),
    ("completions/mean_length", { "length " + Figures.fixed($0, digits: 1) }),
    (
      "time/completion_tokens_per_second",
      { $0 < 1e12 ? Figures.count(Int($0)) + " tok/s" : "" }
    ),
  ]
}

extension String {
  /// The text in at most `width` characters, "…" where something was left out.
  func shortened(to width: Int, keepingEnd: Bool = false) -> String {
    guard count > width, width > 1 else { return self }
    return keepingEnd ? "…" + suffix(width - 1) : prefix(width - 1) + "…"
  }
}
