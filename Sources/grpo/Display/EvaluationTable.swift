import Evaluation
import Formats
import Training

/// What `grpo evaluate` prints: one model's results, or two and their difference.
struct EvaluationTable: Report {
  private let model: String
  private let report: EvaluationReport
  private let other: (path: String, report: EvaluationReport, comparison: PairedComparison)?
  private let reward: String
  private let data: String

  init(
    model: String, report: EvaluationReport, baseline: String?, baselineReport: EvaluationReport?,
    reward: String, data: String
  ) throws {
    (self.model, self.report, self.reward, self.data) = (model, report, reward, data)
    if let baseline, let baselineReport {
      let comparison = try PairedComparison(
        candidate: report.greedyPerQuestion, baseline: baselineReport.greedyPerQuestion)
      other = (baseline, baselineReport, comparison)
    } else {
      other = nil
    }
  }

  /// - Parameter asideFromData: Whether standard output is taken by data.
  func write(json: Bool, asideFromData: Bool) throws {
    if asideFromData { return StandardError.write(text(json: json)) }
    try write(json: json)
  }

  // MARK: For people

  var lines: [String] {
    let terminal = Terminal.standardOutput
    var table = TextTable()
    let title = "\(NumberFormat.count(report.count, "question")), %"
    table.append(title: [title, "accuracy"] + (other == nil ? [] : ["baseline", "difference"]))
    AccuracyRows(reports: [report] + (other.map { [$0.report] } ?? []), newer: 0).append(
      to: &table, greedy: "greedy", passAt: report.sampled?.passAtK.map(\.k) ?? [],
      majorityAt: report.sampled?.majorityAtK.map(\.k) ?? [])
    var lines = [
      terminal.styled(model.visible(), .bold)
        + ": \(reward.visible()) on \(shownPath(data).visible())"
    ]
    lines += table.lines(on: terminal)
    if let other { lines.append(Self.sentence(other.comparison)) }
    if report.unscored > 0 { lines.append(Self.unscored(report.unscored)) }
    if let finding = Finding.neverRight(in: [report], judge: reward) {
      lines.append(
        terminal.styled("check", .warning) + "  \(finding.evidence.visible()); "
          + finding.advice.visible())
    }
    return lines
  }

  static func unscored(_ count: Int) -> String {
    count == 1
      ? "1 completion had no score, and counts as wrong"
      : "\(count) completions had no score, and count as wrong"
  }

  private static func sentence(_ comparison: PairedComparison) -> String {
    guard let difference = comparison.difference else { return "no questions to compare" }
    let interval = comparison.interval.map {
      " (95 % interval \(NumberFormat.points($0.lowerBound)) to \(NumberFormat.points($0.upperBound)))"
    }
    return "greedy difference \(NumberFormat.points(difference.mean)) points\(interval ?? ""): "
      + "\(comparison.wins) questions won, \(comparison.losses) lost"
  }

  // MARK: For programs

  var encoded: JSONObject {
    var object = report.encoded()
    object["model"] = .string(model)
    object["data"] = .string(data)
    object["reward"] = .string(reward)
    if let other {
      var baseline: JSONObject = ["model": .string(other.path)]
      for (key, value) in other.report.encoded().entries { baseline[key] = value }
      for (key, value) in other.comparison.encoded.entries { baseline[key] = value }
      object["baseline"] = .object(baseline)
    }
    return object
  }
}
