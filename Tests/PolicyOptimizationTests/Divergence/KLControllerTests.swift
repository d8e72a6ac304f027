import PolicyOptimization
import Testing

@Suite struct KLControllerTests {
  // d_target 0.03: halved below 0.02, doubled above 0.045.
  @Test(arguments: [
    (0.0, 0.5), (0.019, 0.5), (0.021, 1), (0.03, 1), (0.044, 1), (0.046, 2), (9, 2),
    (.nan, 1),
  ])
  func thePapersRuleDoublesAndHalves(kl: Double, expected: Double) {
    let controller = KLController.adaptive(AdaptiveKL(target: 0.03))
    #expect(controller.coefficient(after: 1, kl: kl, completions: 8) == expected)
  }

  @Test func adaptiveBetaNeitherVanishesNorOverflows() {
    let controller = KLController.adaptive(AdaptiveKL(target: 0.01))
    var (small, large) = (1.0, 1.0)
    for _ in 0..<2000 {
      small = controller.coefficient(after: small, kl: 0, completions: 1)
      large = controller.coefficient(after: large, kl: 1, completions: 1)
    }
    #expect(small == 0x1p-64 && large == 0x1p64)
  }

  // target 0.1, horizon 100, n = 10: an error of ±50 % counts as ±20 %, a tenth of it per rollout.
  @Test(arguments: [(0.15, 1.02), (0.05, 0.98), (0.11, 1.01), (0.1, 1)])
  func zieglersRuleIsProportionalWithinBounds(kl: Double, expected: Double) {
    let controller = KLController.ziegler(target: 0.1, horizon: 100)
    let coefficient = controller.coefficient(after: 1, kl: kl, completions: 10)
    #expect(abs(coefficient - expected) < 1e-15)
    // A rollout beyond the horizon counts as one.
    let large = controller.coefficient(after: 1, kl: 9, completions: 5000)
    #expect(abs(large - 1.2) < 1e-15)
  }

  @Test func zieglersRuleTakesWhateverWasMeasured() {
    let controller = KLController.ziegler(target: 0.1, horizon: 1)
    #expect(controller.coefficient(after: 3, kl: .nan, completions: 1) == 3)
    var large = 1.0
    for _ in 0..<5000 {
      large = controller.coefficient(after: large, kl: .infinity, completions: 1)
    }
    #expect(large == 0x1p64)
  }

  @Test func aFixedCoefficientStays() {
    #expect(KLController.fixed.coefficient(after: 3, kl: 99, completions: 1) == 3)
  }
}
