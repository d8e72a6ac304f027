import Foundation
import PolicyOptimization
import Testing

/// The group estimators on rewards 0 and 1: what each makes of the gradient of the success rate p.
///
/// Let a completion that succeeds among k of G have advantage a_k, so that one that fails has
/// −k·a_k/(G − k). With the other completions binomial,
///
///     G = 2:  E[g] = a₁·∇p                    G = 3:  E[g] = ( (1 − p)·a₁ + 2p·a₂ )·∇p
@Suite struct GroupEstimatorExactnessTests {
  static let task = EnumeratedTask.binary(EnumeratedPolicy(maximumTokens: 3))
  static let success = task.expectedReturn(task.policy)

  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var estimator: any AdvantageEstimator
    /// a₁ of G = 2; a₁ and a₂ of G = 3.
    var pair: Double
    var triple: (one: Double, two: Double)
    var testDescription: String { name }
  }

  static let rows: [Row] = {
    let e = exp(1.0)
    // Deviations of (1, 0), (1, 0, 0) and (1, 1, 0), ddof 1, + 1e-4.
    let (two, three) = (0.5.squareRoot() + 1e-4, (1.0 / 3).squareRoot() + 1e-4)
    // GDPO divides once more by the deviation of its sums, over the one group of the step.
    let (again2, again3) = (0.5.squareRoot() / two + 1e-4, (1.0 / 3).squareRoot() / three + 1e-4)
    return [
      Row(
        name: "mean", estimator: GroupRelativeAdvantage(scale: .none), pair: 0.5,
        triple: (2.0 / 3, 1.0 / 3)),
      Row(
        name: "mean and deviation", estimator: GroupRelativeAdvantage(), pair: 0.5 / two,
        triple: (2.0 / 3 / three, 1.0 / 3 / three)),
      Row(
        name: "batch deviation", estimator: GroupRelativeAdvantage(scale: .batchStandardDeviation),
        pair: 0.5 / two, triple: (2.0 / 3 / three, 1.0 / 3 / three)),
      Row(
        name: "process", estimator: ProcessAdvantage(), pair: 0.5 / two,
        triple: (2.0 / 3 / three, 1.0 / 3 / three)),
      Row(
        name: "GDPO", estimator: NormalizedSumAdvantage(), pair: 0.5 / two / again2,
        triple: (2.0 / 3 / three / again3, 1.0 / 3 / three / again3)),
      Row(name: "leave one out", estimator: LeaveOneOutAdvantage(), pair: 1, triple: (1, 0.5)),
      Row(name: "rank", estimator: RankAdvantage(), pair: 1, triple: (1, 0.5)),
      Row(
        name: "softmax", estimator: SoftmaxAdvantage(beta: 1), pair: e / (e + 1) - 0.5,
        triple: (e / (e + 2) - 1.0 / 3, e / (2 * e + 1) - 1.0 / 3)),
      Row(
        name: "softmax × G/β", estimator: SoftmaxAdvantage(beta: 1, scale: .centred),
        pair: 2 * e / (e + 1) - 1, triple: (3 * e / (e + 2) - 1, 3 * e / (2 * e + 1) - 1)),
    ]
  }()

  private func mean(
    _ estimator: any AdvantageEstimator, groupSizes: [Int], task: EnumeratedTask = Self.task
  ) -> [Double] {
    EstimatorExpectation(Erased(estimator: estimator), task: task, groupSizes: groupSizes).mean
  }

  private struct Erased: AdvantageEstimator {
    var estimator: any AdvantageEstimator
    func callAsFunction(_ groups: RewardGroups) -> Advantages { estimator(groups) }
  }

  @Test(arguments: rows)
  func theExpectationIsTheGradientTimesItsFactor(row: Row) {
    let (p, gradient) = (Self.success, Self.task.exactGradient)
    #expect(p > 0.2 && p < 0.8)
    let pair = mean(row.estimator, groupSizes: [2])
    #expect(isClose(pair, gradient.map { row.pair * $0 }, within: 1e-12))
    let triple = mean(row.estimator, groupSizes: [3])
    let factor = (1 - p) * row.triple.one + 2 * p * row.triple.two
    #expect(isClose(triple, gradient.map { factor * $0 }, within: 1e-12))
  }

  @Test func theGreedyBaselineIsUnbiasedWithOneCompletion() {
    for greedyReward in [0, 1, 0.3] {
      let mean = EstimatorExpectation(
        GreedyBaselineAdvantage(), task: Self.task, greedyReward: greedyReward
      ).mean
      #expect(isClose(mean, Self.task.exactGradient, within: 1e-12))
    }
  }

  /// With one token per completion a mean over tokens is one over completions: ±½/(√½ + 1e-8).
  @Test func whiteningDividesByTheDeviationOfTheStep() {
    let task = EnumeratedTask.binary(EnumeratedPolicy(maximumTokens: 1))
    let expected = task.exactGradient.map { 0.5 / (0.5.squareRoot() + 1e-8) * $0 }
    let single = mean(WhitenedAdvantage(), groupSizes: [1, 1], task: task)
    #expect(isClose(single, expected, within: 1e-12))
    let grouped = mean(WhitenedAdvantage(baseline: .groupMean), groupSizes: [2], task: task)
    #expect(isClose(grouped, expected, within: 1e-12))
  }

  /// Off-policy: the ratio of whole completions corrects the expectation exactly, token ratios
  /// only for the token itself.
  @Test func oneRatioPerOutputIsUnbiasedOffPolicy() {
    let sampler = EnumeratedPolicy(maximumTokens: 3, variant: 1)
    func mean(_ level: RatioLevel) -> [Double] {
      EstimatorExpectation(
        LeaveOneOutAdvantage(), task: Self.task, groupSizes: [2], sampler: sampler,
        objective: PolicyObjective(
          ratioLevel: level, surrogate: .ratio, aggregation: .sequenceSum)
      ).mean
    }
    // E under the sampler of R_j − R_i: the baseline is the sampler's, and any constant will do.
    #expect(!isClose(mean(.token), Self.task.exactGradient, within: 1e-3))
    let single = EstimatorExpectation(
      PolicyGradientWeight(form: .totalReward), task: Self.task, sampler: sampler,
      objective: PolicyObjective(
        ratioLevel: .sequenceProduct, surrogate: .ratio, aggregation: .sequenceMean)
    ).mean
    #expect(isClose(single, Self.task.exactGradient, within: 1e-12))
  }
}
