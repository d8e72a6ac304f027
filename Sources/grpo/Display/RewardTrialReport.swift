import Formats
import RewardPlugins
import Rewards

/// What `grpo reward test` found out about one reward.
struct RewardTrialReport: Report {
  let name: String
  let result: RewardTrial.Result

  static func write(_ reports: [RewardTrialReport], json: Bool) throws {
    for report in reports {
      try report.write(json: json)
      // The error that ends the test repeats the reason of a warning, and says the hint.
      let isRepeated = report.result.failure != nil
      for warning in report.result.warnings where !json {
        StandardError.warn("\(report.name): \(isRepeated ? withoutHint(warning) : warning)")
      }
    }
  }

  var lines: [String] {
    let terminal = Terminal.standardOutput
    var table = whole
    var reasons: [String] = []
    if let width = terminal.lineWidth, table.width > width {
      table = narrow(width: width)
      reasons = failures
    }
    let milliseconds = NumberFormat.short(result.seconds * 1000)
    let end =
      "\(result.scores.count) completions in \(milliseconds) ms"
      + result.metrics.map { ", \($0.name.text.visible()) \(NumberFormat.short($0.value))" }
      .joined()
    return table.lines(on: terminal) + reasons.flatMap { terminal.wrapped($0, indent: 8) }
      + terminal.wrapped(end, indent: 2)
  }

  private var whole: TextTable {
    var table = TextTable()
    table.append(title: [name.visible(), "reward", "prompt", "completion"])
    for (probe, score) in zip(result.probes, result.scores) {
      table.append([
        probe.kind.inWords, Self.inWords(score), Self.shortened(probe.completion.prompt),
        Self.shortened(probe.completion.text),
      ])
    }
    return table
  }

  /// Each reason why scores failed, once.
  private var failures: [String] {
    result.scores.compactMap(\.failureReason).reduce(into: []) { lines, reason in
      let line = "failed  \(Redaction.redacted(urlsIn: Self.withoutHint(reason)).visible())"
      if !lines.contains(line) { lines.append(line) }
    }
  }

  /// The table with each prompt above its completions, of those what fits, and no reasons.
  private func narrow(width: Int) -> TextTable {
    var table = TextTable()
    table.append(title: [name.visible(), "reward", "completion"])
    let kinds = result.probes.map(\.kind.inWords.columns).max() ?? 0
    let scores = result.scores.map { $0.failureReason == nil ? Self.inWords($0) : "failed" }
    let rewards = scores.map(\.columns).max() ?? 0
    let room = max(Self.leastShown, width - kinds - max(rewards, "reward".columns) - 6)
    var prompt: String?
    for (probe, score) in zip(result.probes, scores) {
      if probe.completion.prompt != prompt {
        prompt = probe.completion.prompt
        table.append(heading: "prompt " + Self.shortened(probe.completion.prompt, to: width - 8))
      }
      table.append([
        probe.kind.inWords, score, Self.shortened(probe.completion.text, to: room),
      ])
    }
    return table
  }

  /// Columns of a completion that are shown at least.
  private static let leastShown = 12

  private static func inWords(_ score: Score) -> String {
    switch score {
    case .value(let value): NumberFormat.short(value)
    case .stream(let steps): "\(NumberFormat.short(score.total ?? 0)) in \(steps.count) steps"
    case .notApplicable: "null"
    case .failed(let reason):
      "failed: \(Redaction.redacted(urlsIn: withoutHint(reason)).visible())"
    }
  }

  /// A reason without the hint, which is printed once: with the error, or else with a warning.
  private static func withoutHint(_ reason: String) -> String {
    reason.replacing(PythonReward.messagesHint, with: "")
  }

  private static func shortened(_ text: String, to width: Int = .max) -> String {
    let head = String(String.UnicodeScalarView(text.unicodeScalars.prefix(40)))
    var shown = head.visible()
    var isWhole = head.utf8.count == text.utf8.count
    // Quotation marks and, behind them, a sign that something is left out.
    while shown.columns > width - (isWhole ? 2 : 3) {
      shown.removeLast()
      isWhole = false
    }
    return "\"\(shown)\"" + (isWhole ? "" : "…")
  }

  var encoded: JSONObject {
    [
      "reward": .string(name),
      "scores": .array(
        zip(result.probes, result.scores).map { probe, score in
          var object: JSONObject = [
            "kind": .string(probe.kind.inWords), "prompt": .string(probe.completion.prompt),
            "completion": .string(probe.completion.text),
            "reward": score.total.map { .number($0) } ?? .null,
          ]
          if let reason = score.failureReason {
            object["error"] = .string(Redaction.redacted(urlsIn: reason))
          }
          return .object(object)
        }),
      "metrics": .object(JSONObject(result.metrics.map { ($0.name.text, .number($0.value)) })),
      "seconds": .number(result.seconds),
      "warnings": .array(result.warnings.map { .string(Redaction.redacted(urlsIn: $0)) }),
    ]
  }
}

extension RewardTrial.Probe.Kind {
  var inWords: String {
    switch self {
    case .given: "completion"
    case .answer: "answer"
    case .working: "working"
    case .otherAnswer: "other answer"
    case .adversarial(let name): "adversarial: \(name)"
    }
  }
}
