internal import Evaluation
internal import Formats
internal import PolicyOptimization
internal import Recipes
internal import Runs

/// One run of a comparison, as read from its directory.
public struct ComparedRun: Sendable, Equatable {
  /// How a run ended.
  public enum Status: String, Sendable, CaseIterable {
    /// All of its steps were made.
    case finished
    /// Numbers were not finite: that is a result of the variant.
    case failed
    /// It could not run, which says nothing about the variant; the next comparison tries again.
    case error
    /// Its process crashed.
    case crashed

    /// Whether there are no results of the run.
    public var isMissing: Bool { self == .error || self == .crashed }
  }

  /// Why a run has no results.
  public struct Problem: Error, Sendable, Equatable {
    /// ``Status/error`` or ``Status/crashed``.
    public var status: Status
    /// In one line: what was wrong, or the signal that ended it.
    public var reason: String
    /// The exit code of its process, where it had one of its own.
    public var exitCode: Int32?

    package init(_ status: Status, _ reason: String, exitCode: Int32? = nil) {
      (self.status, self.reason, self.exitCode) = (status, reason, exitCode)
    }

    init(_ error: any Error) {
      self = error as? Problem ?? Problem(.error, "\(error)".visible())
    }
  }

  /// One step of the run's log.
  public struct Step: Sendable, Equatable {
    /// The number of the step, from 1.
    public var step: Int
    /// The step's mean reward; nil where no completion was scored.
    public var reward: Double?
    /// Held-out greedy accuracy, at the steps that were evaluated.
    public var accuracy: Double?
    /// The metrics that the study asks for, in its order; nil where the step has none.
    public var metrics: [Double?]

    package init(
      step: Int, reward: Double? = nil, accuracy: Double? = nil, metrics: [Double?] = []
    ) {
      (self.step, self.reward, self.accuracy) = (step, reward, accuracy)
      self.metrics = metrics
    }
  }

  /// The recipe's name.
  public var recipe: String
  /// The seed of the run's random numbers.
  public var seed: Int
  /// The variant's name.
  public var variant: String
  /// How the run ended.
  public var status: Status
  /// Why it did not finish; nil where it did.
  public var reason: String?
  /// The exit code of its process, where it could not run.
  public var exitCode: Int32?
  /// Greedy accuracy of the warm start; nil where the recipe has no held-out questions.
  public var before: Double?
  /// Greedy accuracy of the trained policy; of a failed run its last evaluation, or 0 if there was
  /// none.
  public var after: Double?
  /// The steps that the run made.
  public var steps: [Step]
  /// What the run shows that its user should know.
  public var findings: [Finding] = []

  package init(
    recipe: String, seed: Int, variant: String, status: Status = .finished,
    reason: String? = nil, before: Double?, after: Double?, steps: [Step] = []
  ) {
    (self.recipe, self.seed, self.variant) = (recipe, seed, variant)
    (self.status, self.reason) = (status, reason)
    (self.before, self.after, self.steps) = (before, after, steps)
  }

  /// A run that ended so, with the steps that it made.
  init(_ plan: StudyPlan.Run, metrics names: [String], _ outcome: Outcome) {
    self.init(
      recipe: plan.recipeName, seed: plan.seed, variant: plan.variant, status: outcome.status,
      reason: outcome.reason, before: outcome.before, after: outcome.after,
      steps: Self.steps(RunDirectory(plan.recipe.output), names))
    (exitCode, findings) = (outcome.exitCode, outcome.findings)
  }

  /// The run's name in messages, as in "caesar, seed 1, beta=0".
  public var name: String { "\(recipe), seed \(seed), \(variant)" }

  private var lastTenth: ArraySlice<Step> { steps.suffix((steps.count + 9) / 10) }

  /// The mean over the last tenth of the steps, nil where it is absent from all of them.
  public var reward: Double? { MeanEstimate(of: lastTenth.compactMap(\.reward))?.mean }

  /// Means over the last tenth of the steps, nil where a metric is absent from all of them.
  public var metrics: [Double?] {
    let last = lastTenth
    return (steps.first?.metrics ?? []).indices.map { index in
      MeanEstimate(of: last.compactMap { $0.metrics[index] })?.mean
    }
  }
}

extension ComparedRun {
  /// How a run ended, as far as its metrics do not say it.
  struct Outcome {
    var status: Status
    var before: Double?
    var after: Double?
    var reason: String?
    var exitCode: Int32?
    var findings: [Finding] = []
  }

  /// The run of `plan` if it has ended; nil if it has not.
  static func ended(
    _ plan: StudyPlan.Run, metrics names: [String]
  ) throws -> ComparedRun? {
    let directory = RunDirectory(plan.recipe.output)
    let file = directory.outcome
    guard Files.exists(file) else { return nil }
    let earlier = try Recipe(contentsOf: directory.recipe)
    let (manifest, _) = try RunManifest.found(at: directory.manifest)
    var digests = FileDigests()
    let differences = try RunInputs(of: plan.recipe, in: directory, &digests)
      .differences(from: earlier, manifest)
    if !differences.isEmpty {
      throw TrainingError.differentInputs(path: directory.path, differences)
    }
    let outcome = try Outcome(
      decoding: JSON(parsing: Files.read(file, maximumBytes: 1 << 16), file: file), file: file)
    return ComparedRun(plan, metrics: names, outcome)
  }

  /// The lines of the metrics that can be read; none where training failed before its first step.
  static func steps(_ directory: RunDirectory, _ names: [String]) -> [Step] {
    LogReading(path: directory.metrics).lines.compactMap { line in
      line["step"]?.natural.map { step in
        Step(
          step: step, reward: line[.reward]?.double, accuracy: line[.heldOutAccuracy]?.double,
          metrics: names.map { line[$0]?.double })
      }
    }
  }
}

extension ComparedRun.Outcome {
  /// There is nothing to know of the run.
  init(_ problem: ComparedRun.Problem) {
    self.init(status: problem.status, reason: problem.reason, exitCode: problem.exitCode)
  }

  var encoded: JSON {
    var object: JSONObject = [
      "status": .string(status.rawValue), "before": before.map { .number($0) } ?? .null,
      "after": after.map { .number($0) } ?? .null,
    ]
    if let reason { object["reason"] = .string(reason) }
    if !findings.isEmpty { object["findings"] = .array(findings.map(\.encoded)) }
    return .object(object)
  }

  init(decoding json: JSON, file: String) throws(FormatError) {
    let text = json["status"]?.string ?? ""
    guard let status = ComparedRun.Status(rawValue: text), !status.isMissing else {
      throw FormatError(
        "got \(text.quotedForMessage()); need finished or failed", file: file, field: "status")
    }
    self.init(
      status: status, before: json["before"]?.double, after: json["after"]?.double,
      reason: json["reason"]?.string,
      findings: json["findings"]?.array?.compactMap(Finding.init(decoding:)) ?? [])
  }
}
