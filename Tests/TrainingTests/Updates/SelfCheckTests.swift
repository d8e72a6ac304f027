import PolicyOptimization
import Recipes
import Testing
import Training

@Suite struct SelfCheckTests {
  /// Three completions of two tokens, drawn from the policy as it is.
  private static func batch(_ advantages: [Double], entropy: [Double]? = nil) -> ObjectiveBatch {
    let logProbs = [-0.5, -1, -0.25, -2, -0.75, -1.5]
    return ObjectiveBatch(
      completions: [0..<2, 2..<4, 4..<6], logProb: logProbs, oldLogProb: logProbs,
      referenceLogProb: logProbs.map { $0 - 0.1 }, entropy: entropy, advantage: advantages,
      mask: logProbs.map { _ in true })
  }

  private static let advantages = [1.0, 1, -0.5, -0.5, -0.5, -0.5]

  /// An objective whose loss has lost its reward, or the sign of it.
  private struct Changed: Objective {
    let change: @Sendable (Double) -> Double

    func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
      var changed = batch
      changed.advantage = batch.advantage.map(change)
      return PolicyObjective()(changed)
    }
  }

  @Test(arguments: Recipe.Algorithm.allCases)
  func everyPresetIsSound(_ algorithm: Recipe.Algorithm) throws {
    let objective = algorithm.axes(maxCompletionTokens: 2).objective
    #expect(SelfCheck.verdict(of: objective, at: Self.batch(Self.advantages)) == .sound)
  }

  @Test func whatLostItsRewardIsFound() {
    #expect(
      SelfCheck.verdict(of: Changed { _ in 1 }, at: Self.batch(Self.advantages))
        == .broken("exchanging the advantages of completions does not change the gradient"))
    #expect(
      SelfCheck.verdict(of: Changed { _ in 0 }, at: Self.batch(Self.advantages))
        == .broken("exchanging the advantages of completions does not change the gradient"))
    #expect(
      SelfCheck.verdict(of: Changed { abs($0) }, at: Self.batch(Self.advantages))
        == .broken("negating the advantages does not negate the policy term (token 0)"))
    // Beside a penalty that has a gradient of its own.
    let blind = JointObjective(
      policy: Changed { _ in 0 }, value: ValueLoss(), coefficient: 1)
    var batch = Self.batch(Self.advantages)
    (batch.value, batch.valueTarget) = (batch.logProb, batch.advantage)
    #expect(
      SelfCheck.verdict(of: blind, at: batch)
        == .broken("exchanging the advantages of completions does not change the gradient"))
  }

  /// Only the tokens that a mask leaves in the loss can tell.
  @Test func advantagesThatDifferWhereNothingIsLearnedCannotTell() {
    let masked = PolicyObjective(entropyMask: HighEntropyMask(quantile: 0.1))
    // Of token 1 of each completion the entropy is largest.
    let entropy = [0.0, 2, 0, 2, 0, 2]
    #expect(
      SelfCheck.verdict(of: masked, at: Self.batch([3, 1, 2, 1, 5, 1], entropy: entropy))
        == .undecided)
    #expect(
      SelfCheck.verdict(of: masked, at: Self.batch([1, 0, 2, 0, 3, 0], entropy: entropy))
        == .undecided)
    #expect(
      SelfCheck.verdict(of: masked, at: Self.batch([1, 1, 1, 2, 1, 3], entropy: entropy))
        == .sound)
    #expect(
      SelfCheck.verdict(of: PolicyObjective(), at: Self.batch([1, 1, 1, 1, 1, 1]))
        == .undecided)
  }

  @Test func differencesThatRoundingHidesCannotTell() {
    let weighted = PolicyObjective(
      klPenalty: KLPenalty(coefficient: 100, estimator: .k1), aggregation: .tokenMean)
    for scale in [0, .leastNonzeroMagnitude, 0x1p-1030, 1e-250] {
      let batch = Self.batch(Self.advantages.map { $0 * scale })
      #expect(SelfCheck.verdict(of: PolicyObjective(), at: batch) == .undecided)
      #expect(SelfCheck.verdict(of: weighted, at: batch) == .undecided)
    }
    let small = Self.batch(Self.advantages.map { $0 * 1e-20 })
    #expect(SelfCheck.verdict(of: weighted, at: small) == .undecided)
    #expect(SelfCheck.verdict(of: PolicyObjective(), at: small) == .sound)
    #expect(
      SelfCheck.verdict(of: weighted, at: Self.batch([1, 1, 1 + 1e-15, 1, 1, 1])) == .undecided)
    #expect(
      SelfCheck.verdict(of: PolicyObjective(), at: Self.batch([.infinity, 1, 1, .nan, 1, 1]))
        == .undecided)
  }
}
