import PolicyOptimization
import Testing

@Suite struct HighEntropyMaskTests {
  // Entropies 1 to 5. ρ = 0.2: the .8-quantile stands at index 3.2, 4.2. ρ = 0.5: at 2, exactly 3.
  // ρ = 0.9: at 0.4, 1.4.
  @Test(arguments: [
    (0.2, [false, false, false, false, true]), (0.5, [false, false, true, true, true]),
    (0.9, [false, true, true, true, true]),
  ])
  func keepsTheLeastSureTokens(quantile: Double, keeps: [Bool]) {
    #expect(HighEntropyMask(quantile: quantile).keeps(PolicyObjectiveTests.entropic) == keeps)
  }

  @Test func onlyThePolicyTermIsMasked() {
    let batch = PolicyObjectiveTests.entropic
    let plain = PolicyObjective(surrogate: .ratio)(batch)
    let masked = PolicyObjective(
      surrogate: .ratio, entropyBonus: EntropyBonus(coefficient: 1),
      entropyMask: HighEntropyMask(quantile: 0.5))(batch)
    #expect(masked.dLogProb == [0, 0] + plain.dLogProb[2...])
    #expect(masked.dEntropy == [-0.2, -0.2, -0.2, -0.2, -0.2])
    #expect(masked.metric("entropy_masked_tokens") == 2)
  }

  @Test func equalEntropiesAllStay() {
    var batch = PolicyObjectiveTests.entropic
    batch.entropy = [0.3, 0.3, 0.3, 0.3, 0.3]
    #expect(HighEntropyMask(quantile: 0.1).keeps(batch).allSatisfy { $0 })
  }

  @Test func maskedTokensHaveNoSayInTheQuantile() {
    var batch = PolicyObjectiveTests.entropic
    batch.mask = [true, true, false, false, false]
    batch.entropy = [1, 2, .nan, 9, 9]
    #expect(HighEntropyMask(quantile: 0.5).keeps(batch) == [false, true, true, true, true])
  }
}
