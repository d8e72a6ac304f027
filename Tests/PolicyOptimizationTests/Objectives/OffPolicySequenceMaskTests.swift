import PolicyOptimization
import Testing

@Suite struct OffPolicySequenceMaskTests {
  // Drifts: −(.3 − .1 + 0)/3 < 0 and −(−.5 + .2)/2 = .15, the latter with Â < 0.
  @Test func aBadCompletionThatThePolicyLeftIsDropped() {
    let batch = PolicyObjectiveTests.batch
    #expect(OffPolicySequenceMask(threshold: 0.16).keeps(batch) == [true, true, true, true, true])
    let dropped = OffPolicySequenceMask(threshold: 0.14).keeps(batch)
    #expect(dropped == [true, true, true, false, false])
    let result = PolicyObjective(
      surrogate: .ratio, klPenalty: KLPenalty(coefficient: 0.04),
      offPolicyMask: OffPolicySequenceMask(threshold: 0.14))(batch)
    #expect(result.metric("off_policy_masked_tokens") == 2)
    // Only the penalty is left there: 0.04·(1 − e)/4.
    #expect(abs(result.dLogProb[3] - -0.017_182_82) < 1e-8 && result.dLogProb[4] == 0)
  }

  @Test func aGoodCompletionStaysHoweverFar() {
    var batch = PolicyObjectiveTests.batch
    batch.oldLogProb = [5, 5, 5, 5, 5]
    batch.advantage = [1, 1, 1, 0, 0]
    #expect(OffPolicySequenceMask(threshold: 0.1).keeps(batch).allSatisfy { $0 })
  }
}
