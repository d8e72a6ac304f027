import Foundation
import PolicyOptimization
import Testing

@Suite struct KLEstimatorTests {
  static let logProb = [-0.5, -1.2, -0.1, -2, -0.7]
  static let reference = [-0.6, -1.6, -0.3, -1, -0.7]

  // x = −.1, −.4, −.2, 1, 0:  k1 = −x;  k2 = x²/2;  k3 = eˣ − 1 − x, k3′ = 1 − eˣ.
  @Test(arguments: [
    (KLEstimator.k1, [0.1, 0.4, 0.2, -1, 0], [1.0, 1, 1, 1, 1]),
    (.k2, [0.005, 0.08, 0.02, 0.5, 0], [0.1, 0.4, 0.2, -1, 0]),
    (
      .k3, [0.004_837_42, 0.070_320_05, 0.018_730_75, 0.718_281_83, 0],
      [0.095_162_58, 0.329_679_95, 0.181_269_25, -1.718_281_83, 0]
    ),
  ])
  func matchesHandComputedValues(
    estimator: KLEstimator, values: [Double], derivatives: [Double]
  ) {
    let results = zip(Self.logProb, Self.reference)
      .map { estimator(logProb: $0, referenceLogProb: $1) }
    #expect(isClose(results.map(\.value), values, within: 1e-8))
    #expect(isClose(results.map(\.dLogProb), derivatives, within: 1e-8))
  }

  @Test(arguments: KLEstimator.allCases)
  func anIdenticalReferenceIsAtDistanceZero(estimator: KLEstimator) {
    #expect(estimator(logProb: -1.7, referenceLogProb: -1.7).value == 0)
  }

  /// Two unequal distributions tell KL(π‖ref) from KL(ref‖π).
  @Test(arguments: [KLEstimator.k1, .k3])
  func theMeanOverThePolicyIsItsDivergenceFromTheReference(estimator: KLEstimator) {
    let (policy, reference) = ([0.7, 0.2, 0.1], [0.3, 0.3, 0.4])
    let exact = zip(policy, reference).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
    let mean = zip(policy, reference).reduce(0) {
      $0 + $1.0 * estimator(logProb: log($1.0), referenceLogProb: log($1.1)).value
    }
    #expect(abs(exact - mean) < 1e-15)
    let reverse = zip(policy, reference).reduce(0) { $0 + $1.1 * log($1.1 / $1.0) }
    #expect(abs(exact - reverse) > 0.02)
  }

  @Test func aLargeExponentIsCutAndItsDerivativeIsZero() {
    let inside = KLEstimator.k3(logProb: -20, referenceLogProb: 0)
    #expect(!inside.isClamped && inside.dLogProb < -4e8)
    for logProb: Double in [-20.001, -700, -1e6, -.infinity] {
      let cut = KLEstimator.k3(logProb: logProb, referenceLogProb: 0)
      #expect(cut.isClamped && cut.dLogProb == 0 && cut.value == inside.value)
    }
  }

  /// A token that the reference finds impossible still pulls the policy back.
  @Test func aSmallExponentKeepsItsGradient() {
    let far = KLEstimator.k3(logProb: -0.1, referenceLogProb: -1000)
    #expect(!far.isClamped && far.dLogProb == 1)
    #expect(abs(far.value - 998.9) < 1e-9)
  }

  @Test(arguments: [-30.0, -3, -1e-3, 1e-3, 3, 12])
  func k3DerivativeMatchesCentralDifferences(x: Double) {
    let h = 1e-5
    let above = KLEstimator.k3(logProb: h, referenceLogProb: x).value
    let below = KLEstimator.k3(logProb: -h, referenceLogProb: x).value
    let derivative = KLEstimator.k3(logProb: 0, referenceLogProb: x).dLogProb
    #expect(abs((above - below) / (2 * h) - derivative) < 1e-8 * max(1, abs(derivative)))
  }
}
