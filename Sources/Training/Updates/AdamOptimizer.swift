package import Kernels
package import LanguageModel
package import PolicyOptimization
internal import Recipes

/// AdamW on weights that move together, all of them or none, as ``UpdateSignal`` has it.
///
/// The gradient is clipped by its norm over all of them, as PyTorch's `clip_grad_norm_` does.
package final class AdamOptimizer {
  /// Weights and their gradient.
  typealias Part = (weights: FloatBuffer, gradient: FloatBuffer)

  /// Of each part.
  let moments: [AdamW]
  private let decayed: [Range<Int>]
  private let schedule: LearningRateSchedule
  private let coefficients: AdamW.Coefficients
  private let maximumNorm: Double
  /// Updates made so far.
  package var updateCount = 0

  /// Adam keeps squares: those of a gradient no longer than this, and their means, are finite.
  private static let largestNorm = 0x1p63

  /// - Parameters:
  ///   - updates: Those of the whole run, which a learning rate that decays is planned for.
  ///   - counts: Floats of each part.
  ///   - decayed: The ranges of the first part to which weight decay applies.
  init(
    _ settings: Recipe.Optimizer, updates: Int, counts: [Int], decayed: [Range<Int>] = []
  ) {
    schedule = LearningRateSchedule(
      peak: settings.learningRate, warmUpUpdates: settings.warmupUpdates, totalUpdates: updates,
      decay: settings.decay, floor: settings.lowestRateRatio)
    coefficients = AdamW.Coefficients(
      beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon,
      weightDecay: settings.weightDecay)
    maximumNorm = settings.maximumGradientNorm
    moments = counts.map { AdamW(count: $0) }
    self.decayed = decayed
  }

  /// At a constant rate, with Adam's usual coefficients.
  ///
  /// - Parameter maximumNorm: A longer gradient is shortened to it; 0 leaves it as it is.
  convenience init(learningRate: Double, maximumNorm: Double = 0, counts: [Int]) {
    var settings = Recipe.Optimizer()
    (settings.learningRate, settings.maximumGradientNorm) = (learningRate, maximumNorm)
    self.init(settings, updates: 0, counts: counts)
  }

  /// That of the next update.
  var learningRate: Double { schedule.learningRate(at: updateCount) }

  /// Moves all parts once, or leaves weights, moments and count as they are and says why.
  func update(
    _ parts: [Part], loss: Double, workers: Workers
  ) -> (signal: UpdateSignal, refusal: UpdateSignal.Refusal?) {
    precondition(parts.count == moments.count)
    let signal = UpdateSignal(loss: loss, gradients: parts.map(\.gradient), workers: workers)
    let scale = maximumNorm > 0 ? min(1, maximumNorm / (signal.norm + 1e-6)) : 1
    if let refusal = signal.refusal(largestNorm: Self.largestNorm / scale) {
      return (signal, refusal)
    }
    let learningRate = learningRate
    updateCount += 1
    for (index, part) in parts.enumerated() {
      moments[index].update(
        part.weights, gradient: part.gradient, gradientScale: Float(scale), update: updateCount,
        learningRate: learningRate, coefficients: coefficients,
        decayed: index == 0 ? decayed : [], workers: workers)
    }
    return (signal, nil)
  }
}

/// Of the policy alone.
extension AdamOptimizer: PolicyUpdate {
  /// Weight decay applies to matrices, not to the norms' gains.
  convenience init(_ settings: Recipe.Optimizer, updates: Int, layout: ParameterLayout) {
    self.init(settings, updates: updates, counts: [layout.count], decayed: layout.matrixRanges)
  }

  package var state: [(name: String, numbers: FloatBuffer)] {
    [("first_moment", moments[0].firstMoment), ("second_moment", moments[0].secondMoment)]
  }

  package func update(
    _ problem: inout UpdateProblem, from before: ObjectiveResult, along gradient: Parameters
  ) async throws -> UpdateReport {
    let learningRate = learningRate
    let (signal, refusal) = update(
      [(problem.policy.buffer, gradient.buffer)], loss: before.loss,
      workers: problem.engine.transformer.workers)
    var report = UpdateReport(of: before, signal, refusal: refusal)
    (report.learningRate, report.skipped) = (learningRate, refusal != nil)
    return report
  }
}

/// Of a scalar head and the transformer under it.
extension AdamOptimizer {
  /// Makes one update on a loss of the head's values, one for each completion token; returns that
  /// loss, and why nothing moved.
  ///
  /// - Parameters:
  ///   - gradient: Laid out as `parameters`; what it holds is lost.
  ///   - loss: The loss of the values, and its derivatives.
  func update(
    _ parameters: Parameters, gradient: Parameters, _ head: ScalarHead, on batch: TokenBatch,
    _ engine: Engine, loss: (_ values: [Float]) -> (loss: Double, dValue: [Float]?)
  ) -> (loss: Double, refusal: UpdateSignal.Refusal?) {
    let forward = engine.values(parameters, batch, head, keep: true)
    let (loss, dValue) = loss(forward.values)
    gradient.buffer.fill()
    head.gradient.buffer.fill()
    engine.backward(
      parameters, gradient: gradient, batch, TokenGradient(dValue: dValue), temperature: 1,
      values: head, kept: forward.kept)
    let parts = [
      (parameters.buffer, gradient.buffer), (head.weight.buffer, head.gradient.buffer),
    ]
    return (loss, update(parts, loss: loss, workers: engine.transformer.workers).refusal)
  }
}
