import PolicyOptimization
import Testing

@Suite struct EntropyBonusTests {
  @Test func theBonusIsTheMeanOverTokensWhateverTheAggregation() {
    var batch = PolicyObjectiveTests.entropic
    batch.mask[4] = false
    for aggregation in AggregationTests.all {
      let without = PolicyObjective(surrogate: .ratio, aggregation: aggregation)(batch)
      let with = PolicyObjective(
        surrogate: .ratio, aggregation: aggregation,
        entropyBonus: EntropyBonus(coefficient: 0.1))(batch)
      #expect(abs(with.loss - (without.loss - 0.1 * 2.5)) < 1e-15)
      #expect(with.dEntropy == [-0.025, -0.025, -0.025, -0.025, 0] && without.dEntropy == nil)
      #expect(with.metric("policy_loss") == without.loss)
      #expect(with.metric("entropy_coef") == 0.1)
    }
  }
}
