internal import Formats
package import Kernels
package import LanguageModel
package import PolicyOptimization
package import Recipes

/// A step against the gradient, as long as the loss allows.
///
///     θ ← θ − α·∇L(θ),   α the first of α₀, s·α₀, s²·α₀, … with L(θ − α·∇L) < L(θ)
///
/// The line search of the lecture. Where no step in the list helps, the policy stays as it was, bit
/// for bit. Its two weaknesses can be read off the metrics: `line_search/evaluations` and
/// `time/line_search` say what a step costs, and the direction is the plain gradient's, whatever
/// the distribution it moves.
///
/// Metrics, in this order: `line_search/step`, `/evaluations`, `/given_up`, `/decrease`,
/// `time/line_search`.
package final class LineSearchUpdate: PolicyUpdate {
  private let settings: Recipe.LineSearchUpdate
  private let backtracking: Backtracking
  package var updateCount = 0

  package init(_ settings: Recipe.LineSearchUpdate, layout: ParameterLayout) {
    (self.settings, backtracking) = (settings, Backtracking(count: layout.count))
  }

  package var state: [(name: String, numbers: FloatBuffer)] { [] }

  package func update(
    _ problem: inout UpdateProblem, from before: ObjectiveResult, along gradient: Parameters
  ) async throws -> UpdateReport {
    let timer = Stopwatch()
    let (policy, workers) = (problem.policy, problem.engine.transformer.workers)
    let signal = UpdateSignal(
      loss: before.loss, gradients: [gradient.buffer], workers: workers)
    var report = UpdateReport(of: before, signal, refusal: signal.refusal())
    var (evaluations, decrease) = (0, 0.0)
    if report.refusal == nil {
      let resamples = settings.loss == .resampled
      let first = try await resamples ? problem.resampledLoss(nil) : before.loss
      var loss = first
      let found = try await backtracking.move(
        policy, along: gradient.buffer, by: settings.search.steps.map { -$0 }, workers
      ) { trial in
        loss = try await resamples ? problem.resampledLoss(trial) : problem.evaluate().loss
        return loss < first
      }
      evaluations = found.trials
      if let step = found.step {
        (report.learningRate, report.skipped, decrease) = (-step, false, first - loss)
        updateCount += 1
      }
    }
    report.metrics += [
      Metric(.lineSearchStep, report.learningRate),
      Metric(.lineSearchEvaluations, Double(evaluations)),
      Metric(.lineSearchGivenUp, report.skipped ? 1 : 0), Metric(.lineSearchDecrease, decrease),
      Metric(.lineSearchSeconds, timer.seconds),
    ]
    return report
  }
}

extension Metric.Name {
  /// α; 0 when given up.
  static let lineSearchStep = Metric.Name("line_search/step")
  static let lineSearchEvaluations = Metric.Name("line_search/evaluations")
  static let lineSearchGivenUp = Metric.Name("line_search/given_up")
  /// L(θ) − L(θ − α·∇L).
  static let lineSearchDecrease = Metric.Name("line_search/decrease")
  static let lineSearchSeconds = Metric.Name("time/line_search")
}
