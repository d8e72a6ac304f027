internal import Evaluation
internal import Formats
internal import Runs

/// One run of a comparison, as read from its directory.
public struct ComparedRun: Sendable, Equatable {
  public enum Status: String, Sendable, CaseIterable {
    case finished
    /// Numbers were not finite: that is a result of the variant.
    case failed
  }

  /// A line of the run's metrics.
  public struct Step: Sendable, Equatable {
    public var step: Int
    public var reward: Double?
    /// Held-out greedy accuracy, at the steps that were evaluated.
    public var accuracy: Double?
    /// Those that the study asks for, in its order.
    public var metrics: [Double?]

    package init(
      step: Int, reward: Double? = nil, accuracy: Double? = nil, metrics: [Double?] = []
    ) {
      (self.step, self.reward, self.accuracy) = (step, reward, accuracy)
      self.metrics = metrics
    }
  }

  public var recipe: String
  public var seed: Int
  public var variant: String
  public var status: Status
  /// Greedy accuracy of the warm start; nil where the recipe has no held-out questions.
  public var before: Double?
  /// Greedy accuracy of the trained policy; of a failed run its last evaluation, or 0 if there was
  /// none.
  public var after: Double?
  public var steps: [Step]

  package init(
    recipe: String, seed: Int, variant: String, status: Status = .finished, before: Double?,
    after: Double?, steps: [Step] = []
  ) {
    (self.recipe, self.seed, self.variant) = (recipe, seed, variant)
    (self.status, self.before, self.after) = (status, before, after)
    self.steps = steps
  }

  /// Means over the last tenth of the steps, nil where a metric is absent from all of them.
  public var metrics: [Double?] {
    let last = steps.suffix((steps.count + 9) / 10)
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

    var encoded: JSON {
      [
        "status": .string(status.rawValue), "before": before.map { .number($0) } ?? .null,
        "after": after.map { .number($0) } ?? .null,
      ]
    }

    init(_ status: Status, before: Double?, after: Double?) {
      (self.status, self.before, self.after) = (status, before, after)
    }

    init(decoding json: JSON, file: String) throws(FormatError) {
      let text = json["status"]?.string ?? ""
      guard let status = Status(rawValue: text) else {
        throw FormatError(
          file: file, field: "status",
          message: "got \(text.quotedForMessage()); need finished or failed")
      }
      self.init(status, before: json["before"]?.double, after: json["after"]?.double)
    }
  }

  /// The run of `plan` if it has ended; nil if it has not.
  static func ended(
    _ plan: StudyPlan.Run, metrics names: [String]
  ) throws -> ComparedRun? {
    let directory = RunDirectory(plan.recipe.output)
    let file = directory.outcome
    guard Files.exists(file) else { return nil }
    let earlier = try Recipe(contentsOf: directory.recipe)
    if let difference = plan.recipe.firstDifference(from: earlier) {
      throw TrainingError.differentRecipe(path: directory.path, difference: difference)
    }
    let outcome = try Outcome(
      decoding: JSON(parsing: Files.read(file, maximumBytes: 1 << 16), file: file), file: file)
    return ComparedRun(
      recipe: plan.recipeName, seed: plan.seed, variant: plan.variant, status: outcome.status,
      before: outcome.before, after: outcome.after, steps: steps(directory, names))
  }

  /// The lines of the metrics that can be read; none where training failed before its first step.
  static func steps(_ directory: RunDirectory, _ names: [String]) -> [Step] {
    LogReading(path: directory.metrics).lines.compactMap { line in
      line["step"]?.natural.map { step in
        Step(
          step: step, reward: line["reward"]?.double, accuracy: line["eval/accuracy"]?.double,
          metrics: names.map { line[$0]?.double })
      }
    }
  }
}
