public import Evaluation

/// The runs of a comparison, and figures of each variant.
public struct ComparisonResult: Sendable, Equatable {
  /// The recipes' names, in the study's order.
  public var recipes: [String]
  /// The variants' names, in the study's order.
  public var variants: [String]
  /// The names of the metrics that the study asks for.
  public var metrics: [String]
  /// All runs: recipe by recipe, within these seed by seed, within these variant by variant.
  public var runs: [ComparedRun]

  package init(recipes: [String], variants: [String], metrics: [String], runs: [ComparedRun]) {
    (self.recipes, self.variants, self.metrics) = (recipes, variants, metrics)
    self.runs = runs
    // The warm start is shared, so what one run knows of it holds for the others.
    for (index, run) in runs.enumerated() where run.before == nil {
      self.runs[index].before =
        runs.first { $0.recipe == run.recipe && $0.seed == run.seed && $0.before != nil }?.before
    }
  }

  /// The runs that could not be made.
  public var missing: [ComparedRun] { runs.filter(\.status.isMissing) }

  /// The runs with findings.
  public var found: [ComparedRun] { runs.filter { !$0.findings.isEmpty } }

  /// Whether every run came to its end.
  var isComplete: Bool { runs.allSatisfy { $0.status == .finished } }

  /// The metrics that no step of any run logged.
  public var unknownMetrics: [String] {
    metrics.enumerated().filter { index, _ in
      runs.allSatisfy { $0.steps.allSatisfy { $0.metrics[index] == nil } }
    }.map(\.element)
  }

  /// How accuracies are scaled so that those of different recipes can be averaged.
  public enum Scale: String, Sendable, CaseIterable {
    /// The warm start of the same seed has 0, the best run 1.
    case warmStart = "normalised"
    /// The accuracy 0 has 0, the best run 1.
    case zero = "normalised_from_zero"
  }

  /// A run's accuracy on a scale on which the best run of its recipe has 1.
  ///
  ///     (after − start) / (best − start),   start the warm start's accuracy, or 0
  ///
  /// nil where an accuracy is unknown, or where no run is better than `start`.
  public func score(of run: ComparedRun, _ scale: Scale) -> Double? {
    let start: Double? =
      switch scale {
      case .warmStart: run.before
      case .zero: 0
      }
    let best = runs.filter { $0.recipe == run.recipe }.compactMap(\.after).max()
    guard let after = run.after, let start, let best, best > start else { return nil }
    return (after - start) / (best - start)
  }

  /// Means and standard errors over runs of one variant.
  public struct Row: Sendable {
    /// Runs of the variant, failed ones included.
    public var count: Int
    /// Runs that did not finish; means are over those that have results.
    public var failed: Int
    /// Held-out greedy accuracy of the warm starts, 0 to 1.
    public var before: MeanEstimate?
    /// Held-out greedy accuracy of the trained policies, 0 to 1.
    public var after: MeanEstimate?
    /// The paired difference of the two.
    public var gain: MeanEstimate?
    /// Scaled accuracies, one for each ``Scale`` in the order of its cases.
    public var scores: [MeanEstimate?]
    /// Metrics in the order of the comparison's.
    public var metrics: [MeanEstimate?]
  }

  /// The runs of a variant with a recipe, one for each seed; with all recipes if that is nil.
  public func runs(of variant: String, recipe: String?) -> [ComparedRun] {
    runs.filter { $0.variant == variant && (recipe == nil || $0.recipe == recipe) }
  }

  /// The figures of a variant with a recipe; with all recipes if that is nil.
  public func row(_ variant: String, recipe: String?) -> Row {
    let runs = runs(of: variant, recipe: recipe)
    let known = runs.filter { !$0.status.isMissing }
    func mean(_ value: (ComparedRun) -> Double?) -> MeanEstimate? {
      MeanEstimate(of: known.compactMap(value))
    }
    return Row(
      count: runs.count, failed: runs.count { $0.status != .finished },
      before: mean(\.before), after: mean(\.after),
      gain: mean { run in
        if let before = run.before, let after = run.after { after - before } else { nil }
      },
      scores: Scale.allCases.map { scale in mean { score(of: $0, scale) } },
      metrics: metrics.indices.map { index in
        mean { $0.metrics.indices.contains(index) ? $0.metrics[index] : nil }
      })
  }
}
