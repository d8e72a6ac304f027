import Foundation
import PolicyOptimization
import Testing

/// KL estimators and their gradients as expectations over all completions, against exact divergences.
@Suite struct KLExactnessTests {
  static let policy = EnumeratedPolicy(maximumTokens: 3)
  static let other = EnumeratedPolicy(maximumTokens: 3, variant: 1)
  static let third = EnumeratedPolicy(maximumTokens: 3, variant: -0.7)
  static let tolerance = 1e-13

  /// KL(p‖q) at a state.
  private static func kl(_ p: EnumeratedPolicy, _ q: EnumeratedPolicy, _ state: Int) -> Double {
    zip(p.probabilities(in: state), q.probabilities(in: state)).reduce(0) {
      $0 + $1.0 * log($1.0 / $1.1)
    }
  }

  /// Σ_s d(s)·KL(p‖q)(s).
  private static func kl(
    _ p: EnumeratedPolicy, _ q: EnumeratedPolicy, visits: [Double]
  ) -> Double {
    p.states.reduce(0) { $0 + visits[$1] * kl(p, q, $1) }
  }

  /// Loss and gradient of a penalty alone, β = 1, summed over tokens, over all that `old` may draw.
  private static func expectation(
    _ penalty: KLPenalty, policy: EnumeratedPolicy, old: EnumeratedPolicy,
    reference: EnumeratedPolicy
  ) -> (value: Double, gradient: [Double]) {
    let isToReference = penalty.divergence.isToReference
    let objective = PolicyObjective(
      surrogate: .ratio, klPenalty: isToReference ? penalty : nil,
      oldKLPenalty: isToReference ? nil : penalty, aggregation: .sum)
    var (value, gradient) = (0.0, policy.logits.map { _ in 0.0 })
    for completion in policy.completions {
      let zeros = completion.tokens.map { _ in 0.0 }
      let result = objective(
        ObjectiveBatch(
          completions: [0..<zeros.count], logProb: policy.logProbs(completion),
          oldLogProb: old.logProbs(completion), referenceLogProb: reference.logProbs(completion),
          advantage: zeros, mask: zeros.map { _ in true }))
      let weight = old.probability(completion)
      value += weight * result.loss
      let part = policy.gradient(completion, coefficients: result.dLogProb)
      for i in gradient.indices { gradient[i] += weight * part[i] }
    }
    return (value, gradient)
  }

  @Test func theKLOfCompletionsIsTheExpectedSumOfTokenKLs() {
    for (p, q) in [(Self.policy, Self.other), (Self.other, Self.policy)] {
      let whole = p.completions.reduce(0) {
        $0 + p.probability($1) * log(p.probability($1) / q.probability($1))
      }
      #expect(abs(whole - Self.kl(p, q, visits: p.visits)) < Self.tolerance)
    }
    let forward = Self.kl(Self.policy, Self.other, visits: Self.policy.visits)
    let backward = Self.kl(Self.other, Self.policy, visits: Self.other.visits)
    #expect(abs(forward - backward) > 1e-3)
  }

  /// On-policy samples for the reference's divergences, π_old's for its own: at the states of the
  /// sampler.
  @Test(arguments: KLDivergence.allCases, [KLEstimator.k1, .k3])
  func k1AndK3AreUnbiasedInBothDirections(divergence: KLDivergence, estimator: KLEstimator) {
    let (policy, other) = (Self.policy, Self.other)
    let old = divergence.isToReference ? policy : other
    let mean = Self.expectation(
      KLPenalty(coefficient: 1, divergence: divergence, estimator: estimator), policy: policy,
      old: old, reference: other
    ).value
    let exact =
      switch divergence {
      case .policyToReference, .policyToOld: Self.kl(policy, other, visits: old.visits)
      case .referenceToPolicy, .oldToPolicy: Self.kl(other, policy, visits: old.visits)
      }
    #expect(abs(mean - exact) < Self.tolerance)
  }

  /// Off-policy, the ratio corrects token by token; without it the mean is another number.
  @Test(arguments: [KLDivergence.policyToReference, .referenceToPolicy], [KLEstimator.k1, .k3])
  func theRatioMakesTheReferencesDivergencesUnbiased(
    divergence: KLDivergence, estimator: KLEstimator
  ) {
    let (policy, old, reference) = (Self.policy, Self.other, Self.third)
    let exact =
      divergence == .policyToReference
      ? Self.kl(policy, reference, visits: old.visits)
      : Self.kl(reference, policy, visits: old.visits)
    func mean(_ weighting: KLPenalty.Weighting) -> Double {
      Self.expectation(
        KLPenalty(
          coefficient: 1, divergence: divergence, estimator: estimator, weighting: weighting),
        policy: policy, old: old, reference: reference
      ).value
    }
    #expect(abs(mean(.ratio) - exact) < Self.tolerance)
    #expect(abs(mean(.plain) - exact) > 1e-3)
  }

  /// k2's error is of third order: half the distance leaves an eighth of it.
  @Test(arguments: KLDivergence.allCases)
  func k2IsRightToSecondOrder(divergence: KLDivergence) {
    func error(_ distance: Double) -> Double {
      let near = EnumeratedPolicy(maximumTokens: 3, variant: distance)
      let old = divergence.isToReference ? Self.policy : near
      let mean = Self.expectation(
        KLPenalty(coefficient: 1, divergence: divergence, estimator: .k2), policy: Self.policy,
        old: old, reference: near
      ).value
      let isFromPolicy = divergence == .policyToReference || divergence == .policyToOld
      return mean
        - (isFromPolicy
          ? Self.kl(Self.policy, near, visits: old.visits)
          : Self.kl(near, Self.policy, visits: old.visits))
    }
    let ratio = error(0.02) / error(0.01)
    #expect(abs(ratio - 8) < 0.2)
  }

  /// ∇_θ of Σ_s d(s)·KL(s) at fixed visits, by central differences.
  private static func gradient(
    of divergence: KLDivergence, policy: EnumeratedPolicy, other: EnumeratedPolicy,
    visits: [Double]
  ) -> [Double] {
    policy.numericalGradient { moved in
      switch divergence {
      case .policyToReference, .policyToOld: kl(moved, other, visits: visits)
      case .referenceToPolicy, .oldToPolicy: kl(other, moved, visits: visits)
      }
    }
  }

  /// π_old draws and does not move: both estimators have the gradient of what they estimate.
  @Test(arguments: [KLDivergence.oldToPolicy, .policyToOld], [KLEstimator.k1, .k3])
  func gradientsToTheBehaviourPolicyAreExact(divergence: KLDivergence, estimator: KLEstimator) {
    let mean = Self.expectation(
      KLPenalty(coefficient: 1, divergence: divergence, estimator: estimator),
      policy: Self.policy, old: Self.other, reference: Self.third
    ).gradient
    let exact = Self.gradient(
      of: divergence, policy: Self.policy, other: Self.other, visits: Self.other.visits)
    #expect(isClose(mean, exact, within: 1e-9))
  }

  @Test(arguments: [KLDivergence.policyToReference, .referenceToPolicy], [KLEstimator.k1, .k3])
  func ratioWeightedGradientsToTheReferenceAreExact(
    divergence: KLDivergence, estimator: KLEstimator
  ) {
    let mean = Self.expectation(
      KLPenalty(
        coefficient: 1, divergence: divergence, estimator: estimator, weighting: .ratio),
      policy: Self.policy, old: Self.other, reference: Self.third
    ).gradient
    let exact = Self.gradient(
      of: divergence, policy: Self.policy, other: Self.third, visits: Self.other.visits)
    #expect(isClose(mean, exact, within: 1e-9))
  }

  /// On-policy and without the ratio: k3 follows the reverse divergence, k2 the divergence itself,
  /// k1 nothing.
  @Test func plainGradientsOnPolicyAreThoseOfOtherThings() {
    let (policy, reference) = (Self.policy, Self.other)
    func mean(
      _ estimator: KLEstimator, _ weighting: KLPenalty.Weighting = .plain
    ) -> [Double] {
      Self.expectation(
        KLPenalty(coefficient: 1, estimator: estimator, weighting: weighting), policy: policy,
        old: policy, reference: reference
      ).gradient
    }
    let own = Self.gradient(
      of: .policyToReference, policy: policy, other: reference, visits: policy.visits)
    let reverse = Self.gradient(
      of: .referenceToPolicy, policy: policy, other: reference, visits: policy.visits)
    #expect(!isClose(own, reverse, within: 1e-3))
    #expect(isClose(mean(.k1), own.map { _ in 0 }, within: Self.tolerance))
    #expect(isClose(mean(.k2), own, within: 1e-9))
    #expect(isClose(mean(.k3), reverse, within: 1e-9))
    #expect(isClose(mean(.k3, .ratio), own, within: 1e-9))
    #expect(isClose(mean(.k3, .straightThrough), own, within: 1e-9))
    #expect(isClose(mean(.k1, .straightThrough), own, within: 1e-9))
  }
}
