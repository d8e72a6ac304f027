import Datasets
import Evaluation
import Formats
import PolicyOptimization
import Recipes
import Rewards
import Runs
import Training

/// What a finished run says of itself on standard output.
struct TrainingReport: Report {
  private let summary: TrainingRun.Summary
  /// The recipe that the next commands are shown with.
  private let shownRecipe: (path: String, lacksChanges: Bool)
  private let recipe: Recipe
  private let trained: Bool
  private let temperature: Double

  init(
    _ summary: TrainingRun.Summary, recipe: Recipe, shownRecipe: (path: String, lacksChanges: Bool)
  ) {
    (self.summary, self.recipe, self.shownRecipe) = (summary, recipe, shownRecipe)
    trained = recipe.train != nil
    stepCount = recipe.train?.totalSteps ?? 0
    temperature = recipe.evaluation?.temperature ?? 1
  }

  // MARK: Numbers of the run

  private static let lastSteps = 20

  /// A metric over the run: its mean over the last steps, and its maximum.
  private struct MetricLevel {
    let metric: Metric.Name
    let name: String
    let mean: Double
    let maximum: Double

    var row: [String] { [name, NumberFormat.short(mean), NumberFormat.short(maximum)] }
    var encoded: JSON { ["mean_of_last_steps": .number(mean), "maximum": .number(maximum)] }
  }

  private func level(_ metric: Metric.Name, name: String? = nil) -> MetricLevel? {
    let values = summary.metrics.compactMap { $0[metric]?.double }
    guard let mean = values.suffix(Self.lastSteps).mean, let maximum = values.max() else {
      return nil
    }
    return MetricLevel(metric: metric, name: name ?? metric.text, mean: mean, maximum: maximum)
  }

  private var levels: [MetricLevel] { Self.shownMetrics.compactMap { level($0) } }

  private static let shownMetrics: [Metric.Name] = [.reward, .kl, .clipMean]

  /// All of them, whatever the log has lost.
  private let stepCount: Int

  private var referenceResets: Int {
    summary.metrics.compactMap { $0[.referenceResets]?.int }.last ?? 0
  }

  /// Seconds of all steps, those before an interruption included.
  private var trainingSeconds: Double {
    summary.metrics.compactMap { $0[.stepSeconds]?.double }.reduce(0, +)
  }

  private var tokensPerSecond: Double? {
    var (tokens, seconds) = (0.0, 0.0)
    for line in summary.metrics {
      guard let time = line[.stepSeconds]?.double,
        let speed = line[.tokensPerSecond]?.double
      else { continue }
      tokens += speed * time
      seconds += time
    }
    let speed = tokens / seconds
    return speed.isFinite && speed >= 0 ? speed : nil
  }

  private var model: String { trained ? summary.run.model : summary.run.warmStartModel }

  // MARK: For people

  var lines: [String] {
    let terminal = Terminal.standardOutput
    var table = TextTable()
    appendEvaluation(to: &table)
    appendCourse(to: &table)
    let logs =
      trained
      ? [summary.run.metrics, summary.run.completions] : [summary.run.warmStartMetrics]
    let title = terminal.styled(shownPath(summary.run.path).visible(), .bold) + ": " + totals
    let start = summary.warmStart.map { "start  warm start: \($0.text)" }
    return terminal.wrapped(title, indent: 2) + table.lines(on: terminal) + unscored
      + Self.lines(summary.findings)
      + (start.map { terminal.wrapped($0, indent: 7) } ?? [])
      + ["model  \(shownPath(model).visible())"]
      + terminal.listed("logs   ", logs.map { shownPath($0).visible() })
      + zip(["next   ", "       "], nextCommands).map { $0 + $1 }
      + (shownRecipe.lacksChanges
        ? terminal.wrapped(
          "       after what --set and --seed say is in it: the run's own has *** for secrets",
          indent: 7)
        : [])
  }

  /// What a run shows that its user should know.
  static func lines(_ findings: [Finding]) -> [String] {
    let terminal = Terminal.standardOutput
    return findings.flatMap { finding in
      terminal.wrapped(
        terminal.styled("check", .warning) + "  \(finding.evidence.visible())", indent: 7)
        + terminal.wrapped("       \(finding.advice.visible())", indent: 7)
    }
  }

  /// What can be done with the model, as it is typed; of each command only what works.
  private var nextCommands: [String] {
    let arguments =
      "--model \(shownPath(model).shellQuotedPath) --recipe \(shownRecipe.path.shellQuotedPath)"
    let program = programName.shellQuoted
    return [
      recipe.data.test == nil || recipe.rewards.isEmpty ? nil : "\(program) evaluate \(arguments)",
      sampleInput.map { "\(program) sample \(arguments)\($0) --temperature 0" },
    ].compactMap(\.self)
  }

  private var unscored: [String] {
    let count = (summary.before?.unscored ?? 0) + (summary.after?.unscored ?? 0)
    return count > 0 ? Terminal.standardOutput.wrapped(EvaluationTable.unscored(count)) : []
  }

  private var totals: String {
    var parts = ["\(NumberFormat.count(summary.parameterCount)) parameters"]
    if trained {
      parts.append(NumberFormat.count(stepCount, "step"))
      parts.append(NumberFormat.count(referenceResets, "reference reset"))
    }
    parts.append(NumberFormat.duration(summary.seconds))
    if let speed = tokensPerSecond {
      parts.append("\(NumberFormat.count(Int(min(speed, 1e12)))) tokens/s")
    }
    return parts.map(\.heldTogether).joined(separator: ", ")
  }

  /// What a command that samples is given: a held-out question that the policy answers right, if it
  /// is short enough to be typed, or nothing, so that the command asks for questions; the held-out
  /// rows where a question alone does not fill the template, and nil where there are none.
  private var sampleInput: String? {
    guard (try? PromptTemplate(path: recipe.prompt))?.columns == ["question"] else {
      return recipe.data.test.map { " --input \(shownPath($0).shellQuotedPath)" }
    }
    guard let examples = summary.after?.examples, let test = recipe.data.test,
      let set = try? QuestionSet(
        path: test, columns: .init(question: recipe.data.question))
    else { return "" }
    let usable = zip(set.questions, examples).filter { $0.0.prompt.unicodeScalars.count <= 80 }
    guard let question = (usable.first { $0.1.isCorrect } ?? usable.first)?.0.prompt else {
      return ""
    }
    // A value that begins like an option is told from one by the sign.
    let isLikeOption = question.utf8.first == UInt8(ascii: "-")
    return " --question\(isLikeOption ? "=" : " ")\(question.shellQuoted)"
  }

  private func appendEvaluation(to table: inout TextTable) {
    guard let after = summary.after else { return }
    let before = summary.before
    let judge = summary.judge.map { ", by \($0.visible())" } ?? ""
    let title = "\(NumberFormat.count(after.count)) held-out questions\(judge)"
    table.append(title: before == nil ? [title, "%"] : [title, "before, %", "after, %", "gain"])
    let rows = AccuracyRows(
      reports: [before, after].compactMap(\.self), newer: before == nil ? 0 : 1)
    rows.append(
      to: &table, greedy: "greedy accuracy", difference: greedyGain,
      passAt: after.sampled?.passAtK.map(\.k).filter { $0 > 1 }.suffix(2) ?? [],
      majorityAt: after.sampled?.majorityAtK.map(\.k).suffix(1) ?? [])
  }

  private var greedyGain: String? {
    guard let gain = summary.gain, let difference = gain.difference else { return nil }
    var text = NumberFormat.points(difference.mean)
    if let interval = gain.interval {
      text += " " + NumberFormat.interval(interval).heldTogether
    }
    return text
  }

  private func appendCourse(to table: inout TextTable) {
    let count = min(summary.metrics.count, Self.lastSteps)
    guard trained, count > 0 else { return }
    table.append(title: ["training", count == 1 ? "last step" : "last \(count) steps", "largest"])
    for level in levels + slowRewards { table.append(level.row) }
    for trouble in rewardTroubles {
      table.append([trouble.name.visible(), "", "\(NumberFormat.count(trouble.count)) in all"])
    }
  }

  private var rewardNames: [String] {
    recipe.rewards.map(\.label) + [recipe.rewardModel?.name].compactMap(\.self)
  }

  /// The seconds of rewards that take more than a hundredth of the time of all steps, and of which a
  /// batch took more than a millisecond.
  private var slowRewards: [MetricLevel] {
    rewardNames.compactMap { name in
      let key = LogKeys.seconds(of: name)
      let seconds = summary.metrics.compactMap { $0[key]?.double }
      guard seconds.reduce(0, +) > 0.01 * trainingSeconds, seconds.contains(where: { $0 > 0.001 })
      else { return nil }
      return level(key, name: "seconds of \(name.visible())")
    }
  }

  /// What went wrong with rewards, over the run.
  private var rewardTroubles: [(name: String, count: Int)] {
    rewardNames.flatMap { name in
      let troubles: [Metric.Name] = [
        .failedScores, .restarts, .retries, .discardedReplies, .unlogged,
      ]
      return troubles.compactMap { trouble in
        let key = LogKeys.metric(trouble, of: name)
        let count = summary.metrics.compactMap { $0[key]?.natural }
          .reduce(0) { min($0 + $1, JSON.largestNatural) }
        return count > 0 ? (key.text, count) : nil
      }
    }
  }

  // MARK: For programs

  var encoded: JSONObject {
    var object: JSONObject = [
      "run": .string(summary.run.path), "parameters": .integer(summary.parameterCount),
      "steps": .integer(stepCount), "seconds": .number(summary.seconds),
      "training_seconds": .number(trainingSeconds),
      "tokens_per_second": tokensPerSecond.map { .number($0) } ?? .null,
    ]
    if let warmStart = summary.warmStart { object["warm_start"] = .object(warmStart.encoded) }
    if let before = summary.before { object["before"] = .object(before.encoded()) }
    if let after = summary.after { object["after"] = .object(after.encoded()) }
    if let gain = summary.gain { object["gain"] = .object(gain.encoded) }
    if let judge = summary.judge { object["judge"] = .string(judge) }
    if let failure = summary.failure { object["failure"] = .string("\(failure)") }
    object["findings"] = .array(summary.findings.map(\.encoded))
    var training: JSONObject = [:]
    for level in levels { training[level.metric] = level.encoded }
    training[.referenceResets] = .integer(referenceResets)
    for trouble in rewardTroubles { training[trouble.name] = .integer(trouble.count) }
    for level in slowRewards { training[level.metric] = level.encoded }
    if trained { object["training"] = .object(training) }
    object["model"] = .string(model)
    object["metrics"] = .string(trained ? summary.run.metrics : summary.run.warmStartMetrics)
    if trained { object["completions"] = .string(summary.run.completions) }
    return object
  }
}

extension PairedComparison {
  /// The comparison for programs.
  var encoded: JSONObject {
    var object = MeanEstimate.encoded(difference, mean: "difference")
    object["interval"] = interval.map { [.number($0.lowerBound), .number($0.upperBound)] } ?? .null
    (object["wins"], object["losses"]) = (.integer(wins), .integer(losses))
    return object
  }
}

extension WarmStartResult {
  /// Where it ended, in a line.
  var text: String {
    var parts = [NumberFormat.count(steps, "step")]
    if let loss { parts.append("loss \(NumberFormat.short(loss))") }
    if let accuracy, let questions {
      parts.append(
        "accuracy \(NumberFormat.percent(accuracy)) % of "
          + NumberFormat.count(questions, "training question"))
    }
    return parts.joined(separator: ", ")
  }
}
