package import Kernels
package import LanguageModel
package import PolicyOptimization

/// AdamW on the gradient, clipped by its norm, at a scheduled learning rate.
///
/// Nothing moves in an update whose gradient is exactly zero (all rewards alike, no penalty) or not
/// finite: Adam's momentum would move the weights on no signal.
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
  private let optimizer: AdamW
  private let decayed: [Range<Int>]
  package var updateCount = 0

  package init(_ settings: Settings, layout: ParameterLayout) {
    self.settings = settings
    optimizer = AdamW(count: layout.count)
    decayed = layout.matrixRanges
  }

  package var state: [(name: String, numbers: FloatBuffer)] {
    [("first_moment", optimizer.firstMoment), ("second_moment", optimizer.secondMoment)]
  }

  package func update(
    _ problem: inout UpdateProblem, gradient: Parameters
  ) async throws -> UpdateReport {
    let result = problem.evaluate(keep: true)
    problem.gradient(result, into: gradient)
    let workers = problem.engine.transformer.workers
    let norm = euclideanNorm(gradient.buffer, workers: workers)
    let learningRate = settings.schedule.learningRate(at: updateCount)
    let skipped = !norm.isFinite || !result.loss.isFinite || norm == 0
    if !skipped {
      updateCount += 1
      // PyTorch's clip_grad_norm_.
      let limit = settings.maximumGradientNorm
      let scale = limit > 0 ? min(1, limit / (norm + 1e-6)) : 1
      optimizer.update(
        problem.policy.buffer, gradient: gradient.buffer, gradientScale: Float(scale),
        update: updateCount, learningRate: learningRate, coefficients: settings.adam,
        decayed: decayed, workers: workers)
      problem.policyHasMoved()
    }
    return UpdateReport(
      loss: result.loss, gradientNorm: norm, learningRate: learningRate,
      statistics: result.statistics, skipped: skipped)
  }
}
