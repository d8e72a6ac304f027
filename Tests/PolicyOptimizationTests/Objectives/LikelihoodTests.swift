import PolicyOptimization
import Testing

@Suite struct LikelihoodTests {
  private func batch(mask: [Bool]) -> ObjectiveBatch {
    let zeros = mask.map { _ in 0.0 }
    return ObjectiveBatch(
      completions: [0..<3, 3..<4], logProb: [-0.5, -1, -2, -3], oldLogProb: zeros,
      entropy: [1, 2, 3, 4], advantage: zeros, mask: mask)
  }

  @Test func lossIsTheMeanOverAllUnmaskedTokens() {
    let result = Likelihood()(batch(mask: [true, false, true, true]))
    #expect(abs(result.loss - 5.5 / 3) < 1e-15)
    let third = 1.0 / 3
    #expect(result.dLogProb == [-third, 0, -third, -third])
    #expect(result.metric("entropy") == 8.0 / 3)
  }

  @Test func nothingUnmaskedGivesZero() {
    let result = Likelihood()(batch(mask: [false, false, false, false]))
    #expect(result.loss == 0 && result.dLogProb == [0, 0, 0, 0])
  }
}
