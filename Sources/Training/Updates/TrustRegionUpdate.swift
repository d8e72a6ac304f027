internal import Formats
package import Kernels
package import LanguageModel
package import PolicyOptimization
package import Recipes

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
  private let settings: Recipe.TrustRegionUpdate
  private let backtracking: Backtracking
  private let tangent: Parameters
  private let product: Parameters
  package var updateCount = 0

  package init(_ settings: Recipe.TrustRegionUpdate, _ configuration: ModelConfiguration) {
    precondition(!settings.divergence.isToReference, "a trust region lies around π_old")
    (tangent, product) = (Parameters(configuration), Parameters(configuration))
    (self.settings, backtracking) = (settings, Backtracking(count: tangent.buffer.count))
  }

  private var fisher: Fisher {
    switch settings.fisher {
    case .exact: .exact
    case .sampled: .sampled
    }
  }

  /// Whether matrix and divergence are means over the tokens or sums.
  private var isMean: Bool { settings.region.constraint == .halfQuadraticForm }

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
        tangent.buffer.set(step)
        let taken = await backtracking.move(
          problem.policy, along: tangent.buffer, by: settings.search?.steps ?? [1], workers
        ) { _ in
          let loss = problem.evaluate().loss
          kl = problem.divergence(mean: isMean)
          return settings.search == nil || loss < before.loss && kl <= settings.region.bound
        }
        trials = taken.trials
        if let share = taken.step {
          (report.learningRate, report.skipped) = (share, false)
          updateCount += 1
        } else {
          kl = 0
        }
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
    let weights = problem.tokenWeights(mean: isMean)
    return settings.conjugateGradient.solve(descent) { vector in
      tangent.buffer.set(vector)
      product.buffer.fill()
      problem.addFisherProduct(
        of: tangent, into: product, weights: weights,
        matrix: fisher)
      return product.buffer.doubles
    }
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
