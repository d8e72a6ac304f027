import Foundation
import PolicyOptimization
import Testing

@Suite struct RatioLevelTests {
  @Test func aHugeRatioIsCutCountedAndConstant() {
    var batch = PolicyObjectiveTests.batch
    batch.oldLogProb[4] = -800
    let objective = PolicyObjective(surrogate: PolicyObjectiveTests.clipped)
    let result = objective(batch)
    #expect(result.loss.isFinite && result.dLogProb[4] == 0)
    #expect(result.metric("ratio_clamped_tokens") == 1)
    #expect(numericalDerivative(of: objective, at: batch, token: 4) == 0)
  }

  /// A ratio near 0 is no fault: it needs no bound and is not counted.
  @Test func aTinyRatioIsNotCut() {
    var batch = PolicyObjectiveTests.batch
    batch.oldLogProb[4] = 800
    let result = PolicyObjective(surrogate: PolicyObjectiveTests.clipped)(batch)
    #expect(result.loss.isFinite && result.metric("ratio_clamped_tokens") == 0)
  }

  /// Σ d = .2 and −.3: one ratio for a completion, its share of clipped tokens 0 or 1.
  @Test func aSharedRatioIsCountedByCompletion() {
    for (level, expected) in [
      (RatioLevel.sequence, [0, 0, 0, 0, 0.0]), (.sequenceProduct, [0.5, 0, 0.5, 1, 1.0]),
    ] {
      var batch = PolicyObjectiveTests.batch
      batch.oldLogProb[0] = -0.9  // Σ d = .3: e^.3 is above 1.28, its cube root is not
      let result = PolicyObjective(
        ratioLevel: level, surrogate: PolicyObjectiveTests.clipped)(batch)
      let names = ["low_mean", "low_min", "high_mean", "high_max", "region_mean"]
      #expect(names.map { result.metric("clip_ratio/\($0)") ?? .nan } == expected)
    }
  }

  @Test func maskedTokensTakeNoPartInASharedRatio() {
    var batch = PolicyObjectiveTests.batch
    batch.mask[0] = false
    batch.logProb[0] = .nan
    for level in [RatioLevel.sequence, .sequenceProduct] {
      let result = PolicyObjective(ratioLevel: level, surrogate: .ratio)(batch)
      // d = −.1, 0: the geometric mean is e^−.05, the product e^−.1.
      let ratio = exp(level == .sequence ? -0.05 : -0.1)
      let slope = level == .sequence ? 0.5 : 1
      #expect(result.dLogProb[0] == 0)
      #expect(abs(result.dLogProb[1] + 0.5 * ratio * slope) < 1e-15)
    }
  }

  @Test func aHugeSharedRatioIsCutForAllItsTokens() {
    var batch = PolicyObjectiveTests.batch
    batch.oldLogProb[4] = -40
    let product = PolicyObjective(ratioLevel: .sequenceProduct, surrogate: .ratio)(batch)
    #expect(product.metric("ratio_clamped_tokens") == 2)
    #expect(product.dLogProb[3...] == [0, 0])
    // The mean of −.5 and 39.3 is below 20.
    let mean = PolicyObjective(ratioLevel: .sequence, surrogate: .ratio)(batch)
    #expect(mean.metric("ratio_clamped_tokens") == 0)
  }
}
