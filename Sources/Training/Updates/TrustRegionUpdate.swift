package import Kernels
package import LanguageModel
package import PolicyOptimization

/// The step that improves the objective most among those that change the policy by ε at most.
///
///     x = (F + λI)⁻¹(−g)  by conjugate gradients;   δ = √(ε / −gᵀx)·x  for δᵀFδ ≤ ε
///
/// Schulman et al. 2015, "Trust Region Policy Optimization", appendix C
/// (<https://arxiv.org/abs/1502.05477>); ``TrustRegionStep`` has the closed form and its variant
/// with ½ and the mean Fisher matrix. Then δ is made shorter until the loss has fallen and the
/// measured exact divergence is at most ε; a policy that no trial helps stays as it was, bit for
/// bit. Without trials the step is taken as it is: the natural gradient.
///
/// Metrics: `trust_region/kl` (the measured divergence of what was taken, 0 when nothing was),
/// `trust_region/step` (the share of δ taken), `trust_region/evaluations`,
/// `trust_region/given_up`, `trust_region/cg_iterations`, `trust_region/cg_residual`.
package final class TrustRegionUpdate: PolicyUpdate {
  package struct Settings: Sendable {
    package var region: TrustRegionStep
    package var conjugateGradient: ConjugateGradient
    package var fisher: Fisher
    /// Whether matrix and divergence are means over the tokens or sums.
    package var isMean: Bool
    package var search: LineSearch?

    package init(
      region: TrustRegionStep, conjugateGradient: ConjugateGradient, fisher: Fisher,
      isMean: Bool, search: LineSearch?
    ) {
      (self.region, self.conjugateGradient) = (region, conjugateGradient)
      (self.fisher, self.isMean, self.search) = (fisher, isMean, search)
    }
  }

  private let settings: Settings
  private let start: FloatBuffer
  private let tangent: Parameters
  private let product: Parameters
  package var updateCount = 0

  package init(_ settings: Settings, _ configuration: ModelConfiguration) {
    self.settings = settings
    (tangent, product) = (Parameters(configuration), Parameters(configuration))
    start = FloatBuffer(count: tangent.buffer.count)
  }

  package var state: [(name: String, numbers: FloatBuffer)] { [] }

  package func update(
    _ problem: inout UpdateProblem, gradient: Parameters
  ) async throws -> UpdateReport {
    let (policy, workers) = (problem.policy, problem.engine.transformer.workers)
    let before = problem.evaluate(keep: true)
    problem.gradient(before, into: gradient)
    let signal = UpdateSignal(
      loss: before.loss, gradients: [gradient.buffer], workers: workers)
    var report = UpdateReport(
      loss: before.loss, gradientNorm: signal.norm, learningRate: 0,
      statistics: before.statistics, skipped: true, refusal: signal.refusal())
    var (evaluations, kl) = (0, 0.0)
    var (iterations, residual) = (0, 0.0)
    if report.refusal == nil {
      let descent = gradient.buffer.doubles.map { -$0 }
      let weights = problem.tokenWeights(mean: settings.isMean)
      let solution = settings.conjugateGradient.solve(descent) { vector in
        tangent.buffer.set(vector)
        product.buffer.fill()
        problem.addFisherProduct(
          of: tangent, into: product, weights: weights, matrix: settings.fisher)
        return product.buffer.doubles
      }
      (iterations, residual) = (solution.iterations, solution.residualNorm)
      if !product.isFinite(workers) { report.refusal = .overflow }
      if let step = settings.region(gradient: descent, direction: solution.x) {
        start.copy(from: policy.buffer)
        tangent.buffer.set(step)
        for share in settings.search?.steps ?? [1] {
          policy.buffer.copy(from: start)
          policy.buffer.add(tangent.buffer, times: Float(share), workers: workers)
          let after = problem.evaluate(keep: false)
          evaluations += 1
          kl = problem.divergence(mean: settings.isMean)
          let holds = after.loss < before.loss && kl <= settings.region.bound
          if settings.search == nil || holds, policy.isFinite(workers) {
            (report.learningRate, report.skipped) = (share, false)
            break
          }
        }
        if report.skipped {
          policy.buffer.copy(from: start)
          kl = 0
        } else {
          updateCount += 1
        }
      }
    }
    report.statistics += [
      ("trust_region/kl", kl), ("trust_region/step", report.learningRate),
      ("trust_region/evaluations", Double(evaluations)),
      ("trust_region/given_up", report.skipped ? 1 : 0),
      ("trust_region/cg_iterations", Double(iterations)), ("trust_region/cg_residual", residual),
    ]
    return report
  }
}
