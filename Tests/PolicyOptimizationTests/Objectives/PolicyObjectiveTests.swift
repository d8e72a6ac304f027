import Formats
import Foundation
import PolicyOptimization
import Testing

@Suite struct PolicyObjectiveTests {
  /// Two completions of three and two tokens; ratios e^.3, e^−.1, 1 and e^−.5, e^.2.
  static let batch = ObjectiveBatch(
    completions: [0..<3, 3..<5],
    logProb: [-0.5, -1.2, -0.1, -2, -0.7],
    oldLogProb: [-0.8, -1.1, -0.1, -1.5, -0.9],
    referenceLogProb: [-0.6, -1.6, -0.3, -1, -0.7],
    advantage: [1, 1, 1, -0.5, -0.5],
    mask: [true, true, true, true, true])

  static let clipped = Surrogate.clipped(ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28))

  // First completion: 1.34985881 is cut to 1.28, so the losses are −1.28, −0.90483742, −1: a sixth of
  // their sum is −0.53080624. Second: 0.60653066 < 0.8 is cut to 0.8 (Â < 0): 0.4 and
  // 0.5·1.22140276; a quarter of their sum is 0.25267534.
  @Test func lossAndGradientMatchHandComputedValues() {
    let result = PolicyObjective(surrogate: Self.clipped)(Self.batch)
    #expect(abs(result.loss - -0.278_130_89) < 1e-8)
    #expect(
      isClose(
        result.dLogProb, [0, -0.150_806_24, -0.166_666_67, 0, 0.152_675_34], within: 1e-8))
  }

  @Test func metricsFollowTheirDefinitions() {
    var batch = Self.batch
    batch.entropy = [1, 2, 3, 4, 5]
    let result = PolicyObjective(
      surrogate: Self.clipped, klPenalty: KLPenalty(coefficient: 0.04))(batch)
    #expect(
      result.metrics.map(\.name.text) == [
        "kl", "entropy", "clip_ratio/low_mean", "clip_ratio/low_min", "clip_ratio/high_mean",
        "clip_ratio/high_max", "clip_ratio/region_mean", "ratio_clamped_tokens",
        "kl_clamped_tokens",
      ])
    let values = result.metrics.map(\.value)
    #expect(abs(values[0] - 0.162_434_010) < 1e-8)  // Σ k3 / 5
    #expect(isClose(Array(values[1...]), [3, 0.2, 0, 0.2, 1.0 / 3, 0.4, 0, 0], within: 1e-15))
  }

  /// Every surrogate at every level it takes, every aggregation, every sampled penalty, and masks.
  static let objectives: [PolicyObjective] = {
    let free: [Surrogate] = [
      clipped, .clipped(ClippedSurrogate(delta: 1.3, dualClip: 1.22)), .ratio, .sapo(SAPO()),
    ]
    var objectives = RatioLevel.allCases.flatMap { level in
      free.map { PolicyObjective(ratioLevel: level, surrogate: $0) }
    }
    objectives += [.policyGradient, .gmpo(GMPO(epsilonLow: 0.25))].map {
      PolicyObjective(surrogate: $0)
    }
    objectives += [.tokenMean, .constantLength(7), .sequenceSum, .sum].map {
      PolicyObjective(ratioLevel: .sequence, surrogate: .ratio, aggregation: $0)
    }
    for estimator in [KLEstimator.k1, .k2, .k3] {
      for divergence in KLDivergence.allCases where divergence.isToReference {
        for weighting in [KLPenalty.Weighting.plain, .ratio] {
          objectives.append(
            PolicyObjective(
              ratioLevel: weighting == .ratio ? .sequence : .token, surrogate: clipped,
              klPenalty: KLPenalty(
                coefficient: 0.3, divergence: divergence, estimator: estimator,
                weighting: weighting)))
        }
      }
      for divergence in KLDivergence.allCases where !divergence.isToReference {
        objectives.append(
          PolicyObjective(
            surrogate: clipped,
            oldKLPenalty: KLPenalty(
              coefficient: 0.7, divergence: divergence, estimator: estimator)))
      }
    }
    objectives.append(
      PolicyObjective(
        surrogate: .ratio, entropyBonus: EntropyBonus(coefficient: 0.1),
        offPolicyMask: OffPolicySequenceMask(threshold: 0.1),
        entropyMask: HighEntropyMask(quantile: 0.6)))
    return objectives
  }()

  @Test(arguments: objectives)
  func gradientMatchesCentralDifferences(objective: PolicyObjective) {
    var batch = Self.batch
    batch.entropy = [1, 2, 3, 4, 5]
    batch.mask[1] = false
    let result = objective(batch)
    for t in batch.logProb.indices {
      let numerical = numericalDerivative(of: objective, at: batch, token: t)
      #expect(abs(numerical - result.dLogProb[t]) < 1e-9, "token \(t)")
    }
  }

  @Test func onPolicyTheLossIsMinusTheMeanAdvantage() {
    var batch = Self.batch
    batch.oldLogProb = batch.logProb
    batch.referenceLogProb = batch.logProb
    let result = PolicyObjective(klPenalty: KLPenalty(coefficient: 0.04))(batch)
    #expect(abs(result.loss - -0.25) < 1e-15)
    #expect(result.metric("kl") == 0)
    #expect(result.metric("clip_ratio/region_mean") == 0)
  }

  @Test func zeroAdvantagesLeaveOnlyThePenalty() {
    var batch = Self.batch
    batch.advantage = [0, 0, 0, 0, 0]
    let without = PolicyObjective()(batch)
    #expect(without.loss == 0 && without.dLogProb.allSatisfy { $0 == 0 })
    let with = PolicyObjective(klPenalty: KLPenalty(coefficient: 0.04))(batch)
    #expect(with.loss > 0 && with.dLogProb[0] > 0)
  }

  /// A truncated completion's mask is false: its tokens vanish, but it is one of N.
  @Test func aMaskedCompletionAddsNothingButStillCounts() {
    var batch = Self.batch
    batch.mask = [true, true, true, false, false]
    let masked = PolicyObjective(surrogate: Self.clipped)(batch)
    #expect(abs(masked.loss - -0.530_806_24) < 1e-8)
    #expect(masked.dLogProb[3...] == [0, 0])
    #expect(masked.metric("clip_ratio/low_min") == 0)
    #expect(masked.metric("clip_ratio/high_mean") == 1.0 / 3)
  }

  /// Only completions with an unmasked token have a share of clipped tokens.
  @Test func aMaskedCompletionIsNoPartOfTheSmallestShare() {
    var batch = Self.batch
    batch.mask = [false, false, false, true, true]
    let masked = PolicyObjective(surrogate: Self.clipped)(batch)
    #expect(masked.metric("clip_ratio/low_min") == 0.5)
    #expect(masked.metric("clip_ratio/low_mean") == 0.5)
  }

  @Test func maskedEntriesAreNeverRead() {
    var batch = Self.batch
    batch.entropy = [1, 1, 1, 1, 1]
    batch.mask[3] = false
    let objective = PolicyObjective(
      surrogate: Self.clipped, klPenalty: KLPenalty(coefficient: 0.04))
    let expected = objective(batch)
    batch.logProb[3] = .nan
    batch.oldLogProb[3] = .infinity
    batch.referenceLogProb?[3] = .nan
    batch.entropy?[3] = .nan
    batch.advantage[3] = .nan
    let result = objective(batch)
    #expect(result.loss == expected.loss && result.dLogProb == expected.dLogProb)
    #expect(result.metrics.map(\.value) == expected.metrics.map(\.value))
  }

  @Test func anEmptyStepHasNoLoss() {
    let empty = ObjectiveBatch(
      completions: [0..<0], logProb: [], oldLogProb: [], referenceLogProb: [], advantage: [],
      mask: [])
    let result = PolicyObjective(klPenalty: KLPenalty(coefficient: 1))(empty)
    #expect(result.loss == 0 && result.dLogProb.isEmpty)
    #expect(result.metrics.allSatisfy { $0.value == 0 })
  }

  @Test func notANumberReachesTheLoss() {
    var batch = Self.batch
    batch.logProb[0] = .nan
    #expect(PolicyObjective()(batch).loss.isNaN)
  }

  @Test func negatedAdvantagesNegateTheGradientOnPolicy() {
    var batch = Self.batch
    batch.oldLogProb = batch.logProb
    let result = PolicyObjective()(batch)
    batch.advantage = batch.advantage.map { -$0 }
    #expect(PolicyObjective()(batch).dLogProb == result.dLogProb.map { -$0 })
  }
}
