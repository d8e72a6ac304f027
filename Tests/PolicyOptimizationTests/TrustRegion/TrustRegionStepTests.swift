import PolicyOptimization
import Testing

@Suite struct TrustRegionStepTests {
  private static func fisher(_ v: [Double]) -> [Double] {
    ConjugateGradientTests.times(ConjugateGradientTests.matrix)(v)
  }

  private static let gradient = [2.0, -8, 8]  // F·(1, −2, 3), gᵀx = 42

  private func quadraticForm(_ step: [Double]) -> Double {
    zip(step, Self.fisher(step)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  @Test func theStepLiesOnTheBound() throws {
    let direction = ConjugateGradient().solve(Self.gradient, product: Self.fisher).x
    let plain = try #require(
      TrustRegionStep(bound: 0.01, constraint: .quadraticForm)(
        gradient: Self.gradient, direction: direction))
    #expect(abs(quadraticForm(plain) - 0.01) < 1e-15)
    let scale = (0.01 / 42).squareRoot()
    #expect(isClose(plain, [scale, -2 * scale, 3 * scale], within: 1e-15))
    let half = try #require(
      TrustRegionStep(bound: 0.01)(gradient: Self.gradient, direction: direction))
    #expect(abs(0.5 * quadraticForm(half) - 0.01) < 1e-15)
  }

  /// No other step of the region gains more: a circle of them in a plane through the optimum.
  @Test func noStepOfTheRegionGainsMore() throws {
    let step = try #require(
      TrustRegionStep(bound: 0.01, constraint: .quadraticForm)(
        gradient: Self.gradient, direction: [1, -2, 3]))
    let gain = zip(Self.gradient, step).reduce(0) { $0 + $1.0 * $1.1 }
    for other in [[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [-1, 2, 5]] {
      for mix in stride(from: -0.5, through: 0.5, by: 0.1) {
        let candidate = zip(step, other).map { $0 + mix * $1 }
        let scale = (0.01 / quadraticForm(candidate)).squareRoot()
        let its = zip(Self.gradient, candidate).reduce(0) { $0 + $1.0 * $1.1 * scale }
        #expect(its <= gain + 1e-15)
      }
    }
  }

  @Test(arguments: [[0.0, 0, 0], [-1, 2, -3], [.nan, 0, 0], [.infinity, 0, 0]])
  func withoutAscentThereIsNoStep(direction: [Double]) {
    let step = TrustRegionStep(bound: 1)(gradient: Self.gradient, direction: direction)
    #expect(step == nil)
  }
}
