package import Kernels
package import LanguageModel
package import PolicyOptimization

/// AdamW on the gradient, clipped by its norm, at a scheduled learning rate.
package final class AdamUpdate: PolicyUpdate {
  package struct Settings: Sendable {
    package var schedule: LearningRateSchedule
    package var adam: AdamW.Coefficients
    /// 0 leaves the gradient as it is.
    package var maximumGradientNorm: Double

    package init(
      schedule: LearningRateSchedule, adam: AdamW.Coefficients, maximumGradientNorm: Double
    ) {
      self.schedule = schedule
      self.adam = adam
      self.maximumGradientNorm = maximumGradientNorm
    }
  }

  private let settings: Settings
  private let optimizer: AdamOptimizer

  package init(_ settings: Settings, layout: ParameterLayout) {
    self.settings = settings
    optimizer = AdamOptimizer(counts: [layout.count], decayed: layout.matrixRanges)
  }

  package var updateCount: Int {
    get { optimizer.updateCount }
    set { optimizer.updateCount = newValue }
  }

  package var state: [(name: String, numbers: FloatBuffer)] {
    let moments = optimizer.moments[0]
    return [("first_moment", moments.firstMoment), ("second_moment", moments.secondMoment)]
  }

  package func update(
    _ problem: inout UpdateProblem, from before: ObjectiveResult, along gradient: Parameters
  ) async throws -> UpdateReport {
    let learningRate = settings.schedule.learningRate(at: updateCount)
    let (signal, refusal) = optimizer.update(
      [(problem.policy.buffer, gradient.buffer)], loss: before.loss, learningRate: learningRate,
      coefficients: settings.adam, maximumNorm: settings.maximumGradientNorm,
      workers: problem.engine.transformer.workers)
    var report = UpdateReport(of: before, signal, refusal: refusal)
    (report.learningRate, report.skipped) = (learningRate, refusal != nil)
    return report
  }
}
