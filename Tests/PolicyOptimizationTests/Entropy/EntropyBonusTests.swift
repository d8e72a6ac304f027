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

  /// Above the target the coefficient falls and is withheld; below it rises and applies.
  @Test func theAdaptiveCoefficientMovesAndIsWithheldAboveTheTarget() {
    var objective = PolicyObjective(
      surrogate: .ratio,
      entropyBonus: EntropyBonus(
        coefficient: 0.5,
        control: .adaptive(
          AdaptiveEntropy(target: 1, delta: 0.25, minimum: 0.1, maximum: 0.75))))
    var seen: [Double] = []
    for entropy in [2.0, 2, 2, 1, 0.5, 0.5, 0.5] {
      objective.adapt(to: PolicyMeasurement(entropy: entropy), completions: 1)
      seen += [objective.entropyBonus?.coefficient ?? .nan]
      let isAbove = entropy > 1
      #expect(objective.entropyBonus?.isActive == !isAbove)
      let result = objective(PolicyObjectiveTests.entropic)
      #expect((result.metric("entropy_coef") == 0) == isAbove)
    }
    #expect(isClose(seen, [0.25, 0.1, 0.1, 0.35, 0.6, 0.75, 0.75], within: 1e-15))
  }
}
