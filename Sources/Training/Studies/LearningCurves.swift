internal import Evaluation

extension ComparisonResult {
  /// Of each recipe held-out accuracy where steps were evaluated, reward, and every metric of the
  /// comparison: one line a variant, its mean over the seeds, with a band of one standard error to
  /// either side and a thin line for each seed.
  package var learningCurves: Figure {
    Figure(
      groups: recipes.map { recipe in
        let known = variants.map { variant in
          runs(of: variant, recipe: recipe).filter { !$0.status.isMissing }
        }
        func chart(
          _ label: String, _ lines: ([ComparedRun]) -> [[LineChart.Point]],
          within bounds: ClosedRange<Double>? = nil
        ) -> LineChart {
          LineChart(
            title: recipe, xLabel: "step", yLabel: label,
            series: zip(variants, known).map { Self.series($0, lines($1)) }, yBounds: bounds)
        }
        let steps = known.joined().flatMap(\.steps)
        var charts: [LineChart] = []
        if steps.contains(where: { $0.accuracy != nil }) {
          charts.append(chart("held-out accuracy, %", Self.accuracies, within: 0...100))
        }
        if charts.isEmpty || steps.contains(where: { $0.reward != nil }) {
          charts.append(chart("reward") { Self.averages($0, of: \.reward) })
        }
        for (index, metric) in metrics.enumerated() where metric != Quantity.reward.name {
          guard steps.contains(where: { $0.metric(index) != nil }) else { continue }
          charts.append(chart(metric) { Self.averages($0) { $0.metric(index) } })
        }
        return charts
      }, note: bandNote)
  }

  /// What the lines and the band are.
  private var bandNote: String {
    let seeds = Set(runs.map(\.seed)).count
    if seeds < 2 { return "one seed says nothing about the spread between seeds" }
    let count = missing.isEmpty ? "\(seeds)" : "at most \(seeds)"
    return "band: mean ± standard error over \(count) seeds; thin lines: single seeds"
  }

  private static func series(_ name: String, _ lines: [[LineChart.Point]]) -> LineChart.Series {
    let points = Set(lines.joined().map(\.x)).sorted().compactMap { x in
      MeanEstimate(of: lines.compactMap { line in line.first { $0.x == x }?.y }).map {
        LineChart.Point(x: x, y: $0.mean, spread: $0.standardError ?? 0)
      }
    }
    return LineChart.Series(name: name, points: points, singles: lines.count > 1 ? lines : [])
  }

  /// Accuracy in percent at every step that a run was evaluated at, a line for each run.
  ///
  /// A run that failed keeps its last accuracy to the end, so that the mean stays one over all
  /// seeds.
  private static func accuracies(_ runs: [ComparedRun]) -> [[LineChart.Point]] {
    typealias Evaluation = (step: Int, accuracy: Double?)
    let known = runs.map { run -> [Evaluation] in
      [(0, run.before)] + run.steps.map { ($0.step, $0.accuracy) }
    }
    let steps = Set(known.joined().filter { $0.accuracy != nil }.map(\.step)).sorted()
    return zip(runs, known).map { run, known in
      steps.compactMap { step in
        let found = known.first { $0.step == step }
        let accuracy = found.map(\.accuracy) ?? (run.status == .failed ? run.after : nil)
        return accuracy.map { LineChart.Point(x: Double(step), y: 100 * $0) }
      }
    }
  }

  /// Steps that are averaged into one point of a line: a fiftieth of all.
  private static let averagedPoints = 50

  private static func averages(
    _ runs: [ComparedRun], of value: (ComparedRun.Step) -> Double?
  ) -> [[LineChart.Point]] {
    let last = runs.flatMap(\.steps).map(\.step).max() ?? 0
    let width = max(1, (last + averagedPoints - 1) / averagedPoints)
    return runs.map { run in
      stride(from: 0, to: last, by: width).compactMap { start in
        let end = min(start + width, last)
        let steps = run.steps.filter { $0.step > start && $0.step <= end }
        return MeanEstimate(of: steps.compactMap(value)).map {
          LineChart.Point(x: Double(end), y: $0.mean)
        }
      }
    }
  }
}

extension ComparedRun.Step {
  fileprivate func metric(_ index: Int) -> Double? {
    metrics.indices.contains(index) ? metrics[index] : nil
  }
}
