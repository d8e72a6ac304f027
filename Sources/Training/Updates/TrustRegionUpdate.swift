internal import Formats
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
/// Metrics, in this order: `trust_region/kl`, `/step`, `/evaluations`, `/given_up`,
/// `/cg_iterations`, `/cg_residual`.
package final class TrustRegionUpdate: PolicyUpdate {
  package struct Settings: Sendable {
    package var region: TrustRegionStep
    package var conjugateGradient: ConjugateGradient
    package var fisher: Fisher
    /// What ε bounds: a divergence between π_old and π_θ.
    package var divergence: KLDivergence
    /// Whether matrix and divergence are means over the tokens or sums.
    package var isMean: Bool
    package var search: LineSearch?

    package init(
      region: TrustRegionStep, conjugateGradient: ConjugateGradient, fisher: Fisher,
      divergence: KLDivergence = .oldToPolicy, isMean: Bool, search: LineSearch?
    ) {
      precondition(!divergence.isToReference)
      (self.region, self.conjugateGradient) = (region, conjugateGradient)
      (self.fisher, self.divergence) = (fisher, divergence)
      (self.isMean, self.search) = (isMean, search)
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
    _ problem: inout UpdateProblem, from before: ObjectiveResult, along gradient: Parameters
  ) async throws -> UpdateReport {
    let workers = problem.engine.transformer.workers
    let signal = UpdateSignal(
      loss: before.loss, gradients: [gradient.buffer], workers: workers)
    var report = UpdateReport(of: before, signal, refusal: signal.refusal())
    var (trials, kl) = (0, 0.0)
    var (iterations, residual) = (0, 0.0)
    if report.refusal == nil {
      let descent = gradient.buffer.doubles.map { -$0 }
      let solution = naturalDirection(descent, &problem)
      (iterations, residual) = (solution.iterations, solution.residualNorm)
      if !product.isFinite(workers) { report.refusal = .overflow }
      if let step = settings.region(gradient: descent, direction: solution.x) {
        let taken = search(along: step, &problem, from: before.loss, workers)
        (report.learningRate, report.skipped) = (taken.share ?? 0, taken.share == nil)
        (trials, kl) = (taken.trials, taken.share == nil ? 0 : taken.kl)
        if taken.share != nil { updateCount += 1 }
      }
    }
    report.metrics += [
      Metric(.trustRegionKL, kl), Metric(.trustRegionStep, report.learningRate),
      Metric(.trustRegionEvaluations, Double(trials)),
      Metric(.trustRegionGivenUp, report.skipped ? 1 : 0),
      Metric(.conjugateGradientIterations, Double(iterations)),
      Metric(.conjugateGradientResidual, residual),
    ]
    return report
  }

  /// x of F·x = −g.
  private func naturalDirection(
    _ descent: [Double], _ problem: inout UpdateProblem
  ) -> ConjugateGradient.Solution {
    let weights = problem.tokenWeights(mean: settings.isMean)
    return settings.conjugateGradient.solve(descent) { vector in
      tangent.buffer.set(vector)
      product.buffer.fill()
      problem.addFisherProduct(
        of: tangent, into: product, weights: weights, matrix: settings.fisher)
      return product.buffer.doubles
    }
  }

  /// Moves the policy by the largest share of `step` that holds, or by none.
  private func search(
    along step: [Double], _ problem: inout UpdateProblem, from loss: Double, _ workers: Workers
  ) -> (share: Double?, kl: Double, trials: Int) {
    let policy = problem.policy
    start.copy(from: policy.buffer)
    tangent.buffer.set(step)
    var (trials, kl) = (0, 0.0)
    for share in settings.search?.steps ?? [1] {
      policy.buffer.copy(from: start)
      policy.buffer.add(tangent.buffer, times: Float(share), workers: workers)
      let after = problem.evaluate()
      trials += 1
      kl = problem.divergence(mean: settings.isMean)
      let holds = after.loss < loss && kl <= settings.region.bound
      if settings.search == nil || holds, policy.isFinite(workers) { return (share, kl, trials) }
    }
    policy.buffer.copy(from: start)
    return (nil, kl, trials)
  }
}

extension Metric.Name {
  /// The measured divergence of what was taken; 0 when nothing was.
  static let trustRegionKL = Metric.Name("trust_region/kl")
  /// The share of δ taken.
  static let trustRegionStep = Metric.Name("trust_region/step")
  static let trustRegionEvaluations = Metric.Name("trust_region/evaluations")
  static let trustRegionGivenUp = Metric.Name("trust_region/given_up")
  static let conjugateGradientIterations = Metric.Name("trust_region/cg_iterations")
  static let conjugateGradientResidual = Metric.Name("trust_region/cg_residual")
}
