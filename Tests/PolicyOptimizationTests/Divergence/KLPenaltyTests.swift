import Foundation
import PolicyOptimization
import Testing

@Suite struct KLPenaltyTests {
  // To the clipped surrogate's loss and gradient add 0.04·k3/6 and 0.04·k3/4 of k3 = .00483742, .07032005, .01873075, .71828183, 0.
  @Test func plainPenaltyMatchesHandComputedValues() {
    let result = PolicyObjective(
      surrogate: PolicyObjectiveTests.clipped, klPenalty: KLPenalty(coefficient: 0.04))(
        PolicyObjectiveTests.batch)
    #expect(abs(result.loss - -0.270_322_15) < 1e-8)
    #expect(
      isClose(
        result.dLogProb,
        [0.000_634_42, -0.148_608_37, -0.165_458_21, -0.017_182_82, 0.152_675_34], within: 1e-8))
  }

  // The gradient is 0.04·r·(log π − log π_ref)/6 or /4.
  @Test func ratioWeightedPenaltyMatchesHandComputedValues() {
    let result = PolicyObjective(
      surrogate: PolicyObjectiveTests.clipped,
      klPenalty: KLPenalty(coefficient: 0.04, weighting: .ratio))(
        PolicyObjectiveTests.batch)
    #expect(abs(result.loss - -0.273_181_70) < 1e-8)
    #expect(
      isClose(
        result.dLogProb,
        [0.000_899_91, -0.148_393_34, -0.165_333_33, -0.006_065_31, 0.152_675_34], within: 1e-8))
  }

  /// r·k3 + r·(1 − eˣ) = r·(log π_θ − log π_ref), token by token.
  @Test func ratioWeightedK3HasTheGradientOfTheReverseKL() throws {
    var batch = PolicyObjectiveTests.batch
    batch.advantage = [0, 0, 0, 0, 0]
    let reference = try #require(batch.referenceLogProb)
    let result = PolicyObjective(klPenalty: KLPenalty(coefficient: 1, weighting: .ratio))(batch)
    let weights = [1.0 / 6, 1.0 / 6, 1.0 / 6, 0.25, 0.25]
    for t in 0..<5 {
      let ratio = exp(batch.logProb[t] - batch.oldLogProb[t])
      let expected = weights[t] * ratio * (batch.logProb[t] - reference[t])
      #expect(abs(result.dLogProb[t] - expected) < 1e-15)
    }
  }

  @Test func aCoefficientOfZeroOnlyLogs() {
    let without = PolicyObjective()(PolicyObjectiveTests.batch)
    let with = PolicyObjective(klPenalty: KLPenalty(coefficient: 0))(PolicyObjectiveTests.batch)
    #expect(with.loss == without.loss && with.dLogProb == without.dLogProb)
    #expect(with.metric("kl") != nil && without.metric("kl") == nil)
  }

  @Test func aReferenceFarAboveThePolicyIsCutAndCounted() {
    var batch = PolicyObjectiveTests.batch
    batch.logProb[2] = -800
    batch.oldLogProb[2] = -800
    for weighting in KLPenalty.Weighting.allCases {
      let result = PolicyObjective(
        klPenalty: KLPenalty(coefficient: 1, weighting: weighting))(batch)
      #expect(result.loss.isFinite && result.dLogProb[2].isFinite)
      #expect(result.metric("kl_clamped_tokens") == 1)
    }
  }

  /// Ratios e^.3, e^−.1, 1, e^−.5, e^.2 at weights 1/6 and 1/4: the whole gradient, by formula.
  @Test func thePenaltyToTheBehaviourPolicyHasItsOwnDirection() {
    var batch = PolicyObjectiveTests.batch
    batch.advantage = [0, 0, 0, 0, 0]
    let weights = [1.0 / 6, 1.0 / 6, 1.0 / 6, 0.25, 0.25]
    let logRatio = [0.3, -0.1, 0, -0.5, 0.2]
    for (divergence, estimator, value, slope) in [
      (KLDivergence.oldToPolicy, KLEstimator.k1, { -$0 }, { _ in -1 }),
      (.oldToPolicy, .k2, { $0 * $0 / 2 }, { $0 }),
      (.oldToPolicy, .k3, { exp($0) - 1 - $0 }, { exp($0) - 1 }),
      (.policyToOld, .k1, { $0 * exp($0) }, { ($0 + 1) * exp($0) }),
      (.policyToOld, .k2, { $0 * $0 / 2 }, { $0 }),
      (.policyToOld, .k3, { $0 * exp($0) - exp($0) + 1 }, { $0 * exp($0) }),
    ] as [(KLDivergence, KLEstimator, (Double) -> Double, (Double) -> Double)] {
      let result = PolicyObjective(
        surrogate: .ratio,
        oldKLPenalty: KLPenalty(
          coefficient: 2, divergence: divergence, estimator: estimator))(batch)
      let expected = zip(weights, logRatio).map { 2 * $0 * slope($1) }
      #expect(isClose(result.dLogProb, expected, within: 1e-15))
      let loss = zip(weights, logRatio).reduce(0) { $0 + 2 * $1.0 * value($1.1) }
      #expect(abs(result.loss - loss) < 1e-15)
      let mean = logRatio.reduce(0) { $0 + value($1) } / 5
      #expect(abs((result.metric("kl_old") ?? .nan) - mean) < 1e-15)
      #expect(result.metric("kl_old_clamped_tokens") == 0 && result.metric("kl") == nil)
    }
  }

  @Test(arguments: [KLEstimator.k1, .k3])
  func straightThroughHasTheValueOfOneAndTheGradientOfK2(estimator: KLEstimator) throws {
    var batch = PolicyObjectiveTests.batch
    batch.advantage = [0, 0, 0, 0, 0]
    func result(_ estimator: KLEstimator, _ weighting: KLPenalty.Weighting) -> ObjectiveResult {
      PolicyObjective(
        klPenalty: KLPenalty(coefficient: 1, estimator: estimator, weighting: weighting))(batch)
    }
    let through = result(estimator, .straightThrough)
    #expect(through.loss == result(estimator, .plain).loss)
    #expect(isClose(through.dLogProb, result(.k2, .plain).dLogProb, within: 1e-15))
    #expect(through.dLogProb != result(estimator, .plain).dLogProb)
  }

  @Test func anExactPenaltyAnswersThroughItsColumn() {
    var batch = PolicyObjectiveTests.batch
    batch.referenceLogProb = nil
    batch.klReference = [1, 2, 3, 4, 5]
    batch.klOld = [0.1, 0.2, 0.3, 0.4, 0.5]
    batch.mask[1] = false
    let objective = PolicyObjective(
      surrogate: .ratio,
      klPenalty: KLPenalty(coefficient: 0.1, divergence: .referenceToPolicy, estimator: .exact),
      oldKLPenalty: KLPenalty(coefficient: 2, divergence: .oldToPolicy, estimator: .exact))
    let result = objective(batch)
    let without = PolicyObjective(surrogate: .ratio)(batch)
    let weights = [0.25, 0, 0.25, 0.25, 0.25]
    #expect(isClose(result.dKLReference ?? [], weights.map { $0 * 0.1 }, within: 1e-16))
    #expect(isClose(result.dKLOld ?? [], weights.map { $0 * 2 }, within: 1e-16))
    #expect(result.dLogProb == without.dLogProb)
    // 0.1·13/4 + 2·1.3/4
    #expect(abs(result.loss - without.loss - 0.975) < 1e-15)
    #expect(result.metric("kl") == 3.25)
    #expect(objective.needs == [.exactKL(.referenceToPolicy), .exactKL(.oldToPolicy)])
  }
}
