import PolicyOptimization
import Testing

/// What is said of the five tokens of ``PolicyObjectiveTests/batch``, whose ratios are 1.35, .90, 1 and
/// .61, 1.22, with advantages of 1 and −0.5.
@Suite struct TokenTermsTests {
  private static func clipped(
    _ surrogate: Surrogate, level: RatioLevel = .token,
    change: (inout ObjectiveBatch) -> Void = { _ in }
  ) -> [Bool] {
    var batch = PolicyObjectiveTests.batch
    change(&batch)
    return PolicyObjective(ratioLevel: level, surrogate: surrogate).tokenTerms(of: batch).isClipped
  }

  @Test func aClipHoldsTheTokensWhoseGradientItTakes() {
    let ppo = ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28)
    #expect(Self.clipped(.clipped(ppo)) == [true, false, false, true, false])
    #expect(
      Self.clipped(.clipped(ppo), level: .sequence) == [false, false, false, false, false])
    #expect(
      Self.clipped(.clipped(ppo), level: .sequenceProduct) == [false, false, false, true, true])
    let dual = ClippedSurrogate(epsilonLow: 0.5, dualClip: 1.1)
    #expect(Self.clipped(.clipped(dual)) == [false, false, false, false, true])
    let delta = ClippedSurrogate(epsilonLow: 0.5, epsilonHigh: 0.5, delta: 1.1)
    #expect(Self.clipped(.clipped(delta)) == [true, false, false, false, false])
  }

  /// Log-ratios .3, −.1, 0 and −.5, .2: the clip is on tokens, though they share a ratio.
  @Test func gmpoSaysWhichTokensItClips() {
    #expect(Self.clipped(.gmpo(GMPO(epsilonLow: 0.4))) == [false, false, false, true, false])
    #expect(Self.clipped(.gmpo(GMPO(epsilonLow: 0.25))) == [true, false, false, true, false])
  }

  @Test func cispoSaysWhichWeightsItBounds() {
    let cispo = Surrogate.cispo(CISPO(maximumRatio: 1.2, minimumRatio: 0.7))
    #expect(Self.clipped(cispo) == [true, false, false, true, true])
    #expect(Self.clipped(cispo) { $0.advantage[0] = 0 } == [false, false, false, true, true])
  }

  /// A ratio that is cut before the exponential has no gradient where it has one otherwise.
  @Test func aCutRatioIsHeld() {
    func cut(_ batch: inout ObjectiveBatch) { batch.oldLogProb[1] = -40 }
    #expect(Self.clipped(.ratio, change: cut) == [false, true, false, false, false])
    #expect(Self.clipped(.policyGradient, change: cut) == [false, false, false, false, false])
    #expect(Self.clipped(.vespo(VESPO()), change: cut) == [false, false, false, false, false])
  }

  /// A token of the policy term is clipped exactly where its advantage has no gradient.
  @Test(arguments: [
    Surrogate.ratio, .clipped(ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28)),
    .clipped(ClippedSurrogate(epsilonLow: 0.1, dualClip: 1.15)), .gmpo(GMPO(epsilonLow: 0.25)),
    .clipped(ClippedSurrogate(epsilonLow: 0.5, epsilonHigh: 0.5, delta: 1.1)),
  ])
  func whatIsClippedHasNoGradient(surrogate: Surrogate) {
    let objective = PolicyObjective(surrogate: surrogate)
    let terms = objective.tokenTerms(of: PolicyObjectiveTests.batch)
    let gradient = objective(PolicyObjectiveTests.batch).dLogProb
    #expect(terms.isClipped == gradient.map { $0 == 0 })
  }

  @Test func masksSayWhatCounts() {
    var batch = PolicyObjectiveTests.entropic
    batch.mask[4] = false
    let objective = PolicyObjective(
      klPenalty: KLPenalty(coefficient: 0.1), entropyMask: HighEntropyMask(quantile: 0.5))
    let terms = objective.tokenTerms(of: batch)
    #expect(terms.isInPolicyTerm == [false, false, true, true, false])
    #expect(terms.isClipped == [false, false, false, true, false])
    #expect(terms.ratio == RatioLevel.token.values(of: batch))
    #expect(terms.klReference?.count == 5 && terms.klReference?[4] == 0 && terms.klOld == nil)
  }

  /// As the penalty has it, whatever the estimator and the direction.
  @Test(arguments: KLEstimator.allCases, KLDivergence.allCases)
  func theMeanOfTheTermsIsTheMeasuredDivergence(estimator: KLEstimator, divergence: KLDivergence) {
    var batch = PolicyObjectiveTests.batch
    (batch.klOld, batch.klReference) = ([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 4, 5])
    let penalty = KLPenalty(coefficient: 0.1, divergence: divergence, estimator: estimator)
    let isToReference = divergence.isToReference
    let objective = PolicyObjective(
      klPenalty: isToReference ? penalty : nil, oldKLPenalty: isToReference ? nil : penalty)
    let terms = objective.tokenTerms(of: batch)
    let measured = objective(batch).measurement
    let (found, mean) =
      isToReference
      ? (terms.klReference, measured.klReference) : (terms.klOld, measured.klOld)
    #expect(found.map { $0.reduce(0, +) / 5 } == mean && mean != nil)
  }

  @Test func anObjectiveThatSaysNothingCountsEveryToken() {
    var batch = PolicyObjectiveTests.batch
    batch.mask[0] = false
    let terms = ValueLoss().tokenTerms(of: batch)
    #expect(terms.isInPolicyTerm == batch.mask && !terms.isClipped.contains(true))
    #expect(terms.ratio == RatioLevel.token.values(of: batch) && terms.klReference == nil)
    let joint = JointObjective(policy: PolicyObjective(), value: ValueLoss(), coefficient: 1)
    #expect(joint.tokenTerms(of: batch) == PolicyObjective().tokenTerms(of: batch))
  }
}
