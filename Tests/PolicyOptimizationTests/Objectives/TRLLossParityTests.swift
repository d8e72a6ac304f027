import Formats
import Foundation
import PolicyOptimization
import Testing

/// Losses, gradients and metrics against the ones TRL 1.16.0 computes in float64.
///
/// Runs over the fixture in this folder, and over every `losses/*.json` under the folder that the
/// environment variable GRPO_FIXTURES names.
@Suite struct TRLLossParityTests {
  @Test(arguments: LossFixture.paths())
  func everyCaseMatches(path: String) throws {
    let fixture = try LossFixture(path: path)
    var (worstLoss, worstGradient, worstMetric) = (0.0, 0.0, 0.0)
    for (index, lossCase) in fixture.cases.enumerated() {
      let result = lossCase.objective(lossCase.batch)
      let lossError = error(result.loss, lossCase.loss)
      let gradientError = max(
        error(result.dLogProb, lossCase.dLogProb),
        error(
          result.dEntropy ?? result.dLogProb.map { _ in 0 },
          lossCase.dEntropy ?? result.dLogProb.map { _ in 0 }))
      // Both sides are float64: a step of these sizes adds fewer than 100 numbers of order 1.
      #expect(lossError <= 1e-12, "case \(index): loss")
      #expect(gradientError <= 1e-12, "case \(index): gradient")
      for metric in lossCase.metrics {
        let value = try #require(result.metric(metric.name), "case \(index): \(metric.name)")
        #expect(error(value, metric.value) <= 1e-12, "case \(index): \(metric.name)")
        worstMetric = max(worstMetric, error(value, metric.value))
      }
      worstLoss = max(worstLoss, lossError)
      worstGradient = max(worstGradient, gradientError)
    }
    print(
      "\(fixture.name): \(fixture.cases.count) cases; worst error of a loss \(worstLoss),",
      "of a gradient \(worstGradient), of a metric \(worstMetric)")
  }

  /// |a − b| / max(1, |b|).
  private func error(_ a: Double, _ b: Double) -> Double {
    a.isNaN || b.isNaN ? .infinity : abs(a - b) / max(1, abs(b))
  }

  private func error(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map(error).max() ?? 0 : .infinity
  }

  @Test func theFixtureOfThisFolderHasSeventeenCases() throws {
    let path = try #require(LossFixture.paths().first)
    #expect(try LossFixture(path: path).cases.count == 17)
  }
}
