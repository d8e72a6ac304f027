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

  static let completions = [0..<3, 3..<4, 4..<6]
  static let mask = [true, true, true, true, true, false]

  @Test func tokenMeanWeighsTokensEqually() {
    let weights = Aggregation.tokenMean.weights(completions: Self.completions, mask: Self.mask)
    #expect(weights == [0.2, 0.2, 0.2, 0.2, 0.2, 0])
  }

  @Test func constantLengthDividesEveryTokenAlike() {
    let weights = Aggregation.constantLength(4)
      .weights(completions: Self.completions, mask: Self.mask)
    let twelfth = 1.0 / 12
    #expect(weights == [twelfth, twelfth, twelfth, twelfth, twelfth, 0])
  }

  @Test func sequenceSumDividesByTheCompletions() {
    let weights = Aggregation.sequenceSum.weights(completions: Self.completions, mask: Self.mask)
    let third = 1.0 / 3
    #expect(weights == [third, third, third, third, third, 0])
  }

  @Test func sumDividesByNothing() {
    let weights = Aggregation.sum.weights(completions: Self.completions, mask: Self.mask)
    #expect(weights == [1, 1, 1, 1, 1, 0])
  }

  static let all: [Aggregation] = [
    .sequenceMean, .tokenMean, .constantLength(3), .sequenceSum, .sum,
  ]

  @Test(arguments: all)
  func nothingUnmaskedHasNoWeights(aggregation: Aggregation) {
    #expect(aggregation.weights(completions: [], mask: []).isEmpty)
    #expect(aggregation.weights(completions: [0..<0], mask: []).isEmpty)
    #expect(aggregation.weights(completions: [0..<2], mask: [false, false]) == [0, 0])
  }
}
