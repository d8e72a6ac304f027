import PolicyOptimization
import Testing

@Suite struct RatioLevelTests {
  @Test func aHugeRatioIsCutCountedAndConstant() {
    var batch = PolicyObjectiveTests.batch
    batch.oldLogProb[4] = -800
    let objective = PolicyObjective(surrogate: PolicyObjectiveTests.clipped)
    let result = objective(batch)
    #expect(result.loss.isFinite && result.dLogProb[4] == 0)
    #expect(result.statistic("ratio_clamped_tokens") == 1)
    #expect(numericalDerivative(of: objective, at: batch, token: 4) == 0)
  }

  /// A ratio near 0 is no fault: it needs no bound and is not counted.
  @Test func aTinyRatioIsNotCut() {
    var batch = PolicyObjectiveTests.batch
    batch.oldLogProb[4] = 800
    let result = PolicyObjective(surrogate: PolicyObjectiveTests.clipped)(batch)
    #expect(result.loss.isFinite && result.statistic("ratio_clamped_tokens") == 0)
  }
}
