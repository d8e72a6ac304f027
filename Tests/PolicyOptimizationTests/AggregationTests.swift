import PolicyOptimization
import Testing

@Suite struct AggregationTests {
  @Test func sequenceMeanWeighsCompletionsEqually() {
    let weights = Aggregation.sequenceMean.weights(
      completions: [0..<3, 3..<4, 4..<6], mask: [true, true, true, true, true, false])
    let (third, ninth) = (1.0 / 3, 1.0 / 9)
    #expect(isClose(weights, [ninth, ninth, ninth, third, third, 0], within: 1e-16))
  }

  @Test func aMaskedOrEmptyCompletionStillCounts() {
    let weights = Aggregation.sequenceMean.weights(
      completions: [0..<1, 1..<3, 3..<3], mask: [true, false, false])
    let third = 1.0 / 3
    #expect(weights == [third, 0, 0])
  }

  @Test(arguments: Aggregation.allCases)
  func noCompletionsHaveNoWeights(aggregation: Aggregation) {
    #expect(aggregation.weights(completions: [], mask: []).isEmpty)
  }
}
