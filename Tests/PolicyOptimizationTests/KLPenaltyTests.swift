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
    #expect(with.statistic("kl") != nil && without.statistic("kl") == nil)
  }

  @Test func aReferenceFarAboveThePolicyIsCutAndCounted() {
    var batch = PolicyObjectiveTests.batch
    batch.logProb[2] = -800
    batch.oldLogProb[2] = -800
    for weighting in KLPenalty.Weighting.allCases {
      let result = PolicyObjective(
        klPenalty: KLPenalty(coefficient: 1, weighting: weighting))(batch)
      #expect(result.loss.isFinite && result.dLogProb[2].isFinite)
      #expect(result.statistic("kl_clamped_tokens") == 1)
    }
  }
}
