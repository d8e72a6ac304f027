import Foundation
import PolicyOptimization
import Testing

@Suite struct KLEstimatorTests {
  static let logProb = [-0.5, -1.2, -0.1, -2, -0.7]
  static let reference = [-0.6, -1.6, -0.3, -1, -0.7]

  private static let x = zip(reference, logProb).map { $0 - $1 }
  private static let sampled: [KLEstimator] = [.k1, .k2, .k3]

  // x = −.1, −.4, −.2, 1, 0:  k1 = −x;  k2 = x²/2;  k3 = eˣ − 1 − x.
  @Test(arguments: [
    (KLEstimator.k1, [0.1, 0.4, 0.2, -1, 0]),
    (.k2, [0.005, 0.08, 0.02, 0.5, 0]),
    (.k3, [0.004_837_42, 0.070_320_05, 0.018_730_75, 0.718_281_83, 0]),
  ])
  func klOfTheSamplerMatchesHandComputedValues(estimator: KLEstimator, values: [Double]) {
    let estimates = Self.x.map { estimator.klOfSampler(toOther: $0).value }
    #expect(isClose(estimates, values, within: 1e-8))
  }

  // eˣ = .90483742, .67032005, .81873075, 2.71828183, 1:  k1 = x·eˣ;  k3 = x·eˣ − eˣ + 1.
  @Test(arguments: [
    (KLEstimator.k1, [-0.090_483_74, -0.268_128_02, -0.163_746_15, 2.718_281_83, 0]),
    (.k2, [0.005, 0.08, 0.02, 0.5, 0]),
    (.k3, [0.004_678_84, 0.061_551_93, 0.017_523_10, 1, 0]),
  ])
  func klOfTheOtherMatchesHandComputedValues(estimator: KLEstimator, values: [Double]) {
    let estimates = Self.x.map { estimator.klOfOther(toSampler: $0).value }
    #expect(isClose(estimates, values, within: 1e-8))
  }

  @Test(arguments: sampled)
  func anIdenticalPolicyIsAtDistanceZero(estimator: KLEstimator) {
    #expect(estimator.klOfSampler(toOther: 0).value == 0)
    #expect(estimator.klOfOther(toSampler: 0).value == 0)
  }

  /// Two unequal distributions tell KL(P‖Q) from KL(Q‖P).
  @Test(arguments: [KLEstimator.k1, .k3])
  func theMeanOverTheSamplerIsTheDivergence(estimator: KLEstimator) {
    let (p, q) = ([0.7, 0.2, 0.1], [0.3, 0.3, 0.4])
    let pq = zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
    let qp = zip(p, q).reduce(0) { $0 + $1.1 * log($1.1 / $1.0) }
    func mean(_ estimate: (Double) -> KLEstimator.Estimate) -> Double {
      zip(p, q).reduce(0) { $0 + $1.0 * estimate(log($1.1 / $1.0)).value }
    }
    #expect(abs(pq - qp) > 0.02)
    // A few ulps of three terms below 1.
    #expect(abs(mean(estimator.klOfSampler(toOther:)) - pq) < 1e-15)
    #expect(abs(mean(estimator.klOfOther(toSampler:)) - qp) < 1e-15)
  }

  @Test func aLargeExponentIsCutAndItsDerivativeIsZero() {
    for estimate in [
      KLEstimator.k3.klOfSampler(toOther:), KLEstimator.k1.klOfOther(toSampler:),
      KLEstimator.k3.klOfOther(toSampler:),
    ] {
      let inside = estimate(20)
      #expect(!inside.isClamped && inside.dLogRatio > 4e8)
      for x: Double in [20.001, 700, 1e6, .infinity] {
        let cut = estimate(x)
        #expect(cut.isClamped && cut.dLogRatio == 0 && cut.value == inside.value)
      }
    }
  }

  /// A token that the other policy finds impossible still pulls the sampler back.
  @Test func aSmallExponentKeepsItsGradient() {
    let far = KLEstimator.k3.klOfSampler(toOther: -999.9)
    #expect(!far.isClamped && far.dLogRatio == -1)
    #expect(abs(far.value - 998.9) < 1e-9)
    #expect(KLEstimator.k1.klOfOther(toSampler: -.infinity).value == 0)
    #expect(KLEstimator.k3.klOfOther(toSampler: -.infinity).value == 1)
  }

  @Test(arguments: [-30.0, -3, -1e-3, 1e-3, 3, 12], sampled)
  func derivativesMatchCentralDifferences(x: Double, estimator: KLEstimator) {
    for estimate in [estimator.klOfSampler(toOther:), estimator.klOfOther(toSampler:)] {
      let h = 1e-5
      let numerical = (estimate(x + h).value - estimate(x - h).value) / (2 * h)
      let derivative = estimate(x).dLogRatio
      #expect(abs(numerical - derivative) < 1e-8 * max(1, abs(derivative)))
    }
  }
}
