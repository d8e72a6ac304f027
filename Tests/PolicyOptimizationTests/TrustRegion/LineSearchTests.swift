import PolicyOptimization
import Testing

@Suite struct LineSearchTests {
  @Test func everyStepIsAShareOfTheOneBefore() {
    #expect(
      LineSearch(initialStep: 8, shrinkFactor: 0.25, maximumTrials: 4).steps == [8, 2, 0.5, 0.125])
    #expect(LineSearch(maximumTrials: 1).steps == [1])
  }
}
