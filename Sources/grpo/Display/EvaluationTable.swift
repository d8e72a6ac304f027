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
    guard asideFromData else { return try write(json: json) }
    StandardError.write(
      json ? text(json: true) : lines(on: .standardError).joined(separator: "\n"))
  }

  // MARK: For people

  var lines: [String] { lines(on: .standardOutput) }

  private func lines(on terminal: Terminal) -> [String] {
    var table = TextTable()
    let questions = "\(NumberFormat.count(report.count, "question")), %"
    table.append(
      title: [questions, "accuracy"] + (other == nil ? [] : ["baseline", "difference"]))
    AccuracyRows(reports: [report] + (other.map { [$0.report] } ?? []), newer: 0).append(
      to: &table, greedy: "greedy", passAt: report.sampled?.passAtK.map(\.k) ?? [],
      majorityAt: report.sampled?.majorityAtK.map(\.k) ?? [])
    let title =
      terminal.styled(model.visible(), .bold)
      + ": \(reward.visible()) on \(shownPath(data).visible())"
    var lines = terminal.wrapped(title, indent: 2) + table.lines(on: terminal)
    if let other { lines += terminal.wrapped(Self.sentence(other.comparison), indent: 2) }
    if report.unscored > 0 { lines += terminal.wrapped(Self.unscored(report.unscored), indent: 2) }
    if let finding = Finding.neverRight(in: [report], judge: reward) {
      let check =
        terminal.styled("check", .warning) + "  \(finding.evidence.visible()); "
        + finding.advice.visible()
      lines += terminal.wrapped(check, indent: 7)
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
      + "\(comparison.wins) questions won, " + "\(comparison.losses) lost".heldTogether
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
