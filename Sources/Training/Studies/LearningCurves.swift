internal import Evaluation

extension ComparisonResult {
  /// One chart a recipe, one line a variant: its mean over the seeds, with a band of one standard
  /// error to either side.
  ///
  /// The lines are held-out accuracy where steps of the recipe were evaluated, else the reward.
  public var learningCurves: Figure {
    Figure(
      charts: recipes.map { recipe in
        let isEvaluated = runs.contains { run in
          run.recipe == recipe && run.steps.contains { $0.accuracy != nil }
        }
        return LineChart(
          title: recipe, xLabel: "step",
          yLabel: isEvaluated ? "held-out accuracy, %" : "reward",
          series: variants.map { variant in
            let runs = runs(of: variant, recipe: recipe).filter { !$0.status.isMissing }
            return LineChart.Series(
              name: variant, points: isEvaluated ? Self.accuracies(runs) : Self.rewards(runs))
          })
      })
  }

  /// Accuracy in percent at every step that a run was evaluated at.
  ///
  /// A run that failed keeps its last accuracy to the end, so that the mean stays one over all
  /// seeds.
  private static func accuracies(_ runs: [ComparedRun]) -> [LineChart.Point] {
    typealias Evaluation = (step: Int, accuracy: Double?)
    let known = runs.map { run -> [Evaluation] in
      [(0, run.before)] + run.steps.map { ($0.step, $0.accuracy) }
    }
    let steps = Set(known.joined().filter { $0.accuracy != nil }.map(\.step)).sorted()
    return steps.compactMap { step in
      let values = zip(runs, known).compactMap { run, known -> Double? in
        if let known = known.first(where: { $0.step == step }) { return known.accuracy }
        return run.status == .failed ? run.after : nil
      }
      return point(step, values.map { 100 * $0 })
    }
  }

  /// Steps that are averaged into one point of the reward's line: a fiftieth of all.
  private static let rewardPoints = 50

  private static func rewards(_ runs: [ComparedRun]) -> [LineChart.Point] {
    let last = runs.flatMap(\.steps).map(\.step).max() ?? 0
    let width = max(1, (last + rewardPoints - 1) / rewardPoints)
    return stride(from: 0, to: last, by: width).compactMap { start in
      let end = min(start + width, last)
      let means = runs.compactMap { run in
        MeanEstimate(
          of: run.steps.filter { $0.step > start && $0.step <= end }.compactMap(\.reward))?.mean
      }
      return point(end, means)
    }
  }

  private static func point(_ step: Int, _ values: [Double]) -> LineChart.Point? {
    MeanEstimate(of: values).map {
      LineChart.Point(x: Double(step), y: $0.mean, spread: $0.standardError ?? 0)
    }
  }
}
