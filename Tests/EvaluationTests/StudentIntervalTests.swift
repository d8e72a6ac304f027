import Evaluation
import Testing

@Suite struct StudentIntervalTests {
  /// Quantiles by integrating the density; tabulated up to ten degrees of freedom, expanded above.
  @Test(arguments: [
    (1, 12.706205), (2, 4.302653), (4, 2.776445), (10, 2.228139), (11, 2.200985), (15, 2.131450),
    (30, 2.042272), (120, 1.979930),
  ])
  func quantilesAreThoseOfTables(degreesOfFreedom: Int, quantile: Double) {
    let found = MeanEstimate.studentQuantile(degreesOfFreedom: degreesOfFreedom)
    // The expansion is off by 4.9e-6 at eleven, and tables are rounded by 5e-7.
    #expect(abs(found - quantile) < 1e-5)
  }

  @Test func fewValuesHaveAWiderIntervalThanManyWouldHave() throws {
    // m = 2, s = 1, SE = 1/√3, t = 4.302653: 2 ± 2.484138.
    let interval = try #require(MeanEstimate(of: [1, 2, 3])?.studentInterval)
    #expect(abs(interval.lowerBound - -0.484138) < 1e-6)
    #expect(abs(interval.upperBound - 4.484138) < 1e-6)
  }

  @Test func oneValueHasNoIntervalAndEqualOnesHaveAPoint() {
    #expect(MeanEstimate(of: [1])?.studentInterval == nil)
    #expect(MeanEstimate(of: [1, .nan])?.studentInterval == nil)
    #expect(MeanEstimate(of: [0.5, 0.5])?.studentInterval == 0.5...0.5)
  }
}
