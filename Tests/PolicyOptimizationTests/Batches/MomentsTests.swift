import PolicyOptimization
import Testing

@Suite struct MomentsTests {
  @Test func varianceIsThatOfASample() throws {
    let moments = try #require(Moments(of: [1, 2, 6]))
    #expect(moments.mean == 3 && moments.variance == 7)
    #expect(moments.standardDeviation == 7.0.squareRoot())
  }

  /// Three times 0.1 add up to more than 0.3.
  @Test func equalNumbersAreTheirMean() throws {
    let moments = try #require(Moments(of: [0.1, 0.1, 0.1]))
    #expect(moments.mean == 0.1 && moments.variance == 0)
  }

  @Test func aSingleNumberHasNoVariance() throws {
    #expect(Moments(of: []) == nil)
    let moments = try #require(Moments(of: [4]))
    #expect(moments.mean == 4 && moments.variance == nil && moments.standardDeviation == nil)
  }
}
