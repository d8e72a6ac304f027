import Evaluation
import Testing

@Suite struct MeanEstimateTests {
  @Test func matchesHandComputedValues() throws {
    // m = 3, Σ(x−3)² = 4 + 1 + 0 + 9 = 14 (1, 2, 3, 6), SE = √(14/3/4).
    let estimate = try #require(MeanEstimate(of: [1, 2, 3, 6]))
    #expect(estimate.mean == 3 && estimate.count == 4)
    #expect(try abs(#require(estimate.standardError) - 1.080_123_449_734_643_3) < 1e-15)
  }

  @Test func anAccuracyHasTheErrorOfAProportion() throws {
    // 485 of 500: √(0.97·0.03/499).
    let estimate = try #require(
      MeanEstimate(of: Array(repeating: 1, count: 485) + Array(repeating: 0, count: 15)))
    #expect(abs(estimate.mean - 0.97) < 1e-15)
    #expect(try abs(#require(estimate.standardError) - 0.007_636_532_8) < 1e-9)
  }

  @Test func fewValuesAreDefined() throws {
    #expect(MeanEstimate(of: []) == nil)
    let one = try #require(MeanEstimate(of: [0.4]))
    #expect(one.mean == 0.4 && one.standardError == nil)
  }

  @Test func equalValuesHaveNoSpread() throws {
    let estimate = try #require(MeanEstimate(of: Array(repeating: 0.1, count: 7)))
    #expect(estimate.mean == 0.1 && estimate.standardError == 0)
  }
}
