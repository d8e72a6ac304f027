import Evaluation
import Testing

@Suite struct PairedComparisonTests {
  @Test func matchesHandComputedValues() throws {
    // d = 1, 0, 1, −1, 1: mean 0.4, Σ(d − 0.4)² = 3·0.36 + 0.16 + 1.96 = 3.2, SE = √(3.2/4/5) = 0.4.
    let comparison = try PairedComparison(
      candidate: [1, 1, 1, 0, 1], baseline: [0, 1, 0, 1, 0])
    let difference = try #require(comparison.difference)
    #expect(abs(difference.mean - 0.4) < 1e-15 && difference.count == 5)
    #expect(try abs(#require(difference.standardError) - 0.4) < 1e-15)
    let interval = try #require(comparison.interval)
    #expect(abs(interval.lowerBound - -0.384) < 1e-15)
    #expect(abs(interval.upperBound - 1.184) < 1e-15)
    #expect(comparison.wins == 3 && comparison.losses == 1)
  }

  /// The same gain on every question is certain, however much the questions differ.
  @Test func pairingRemovesWhatTheModelsShare() throws {
    let comparison = try PairedComparison(
      candidate: [0.25, 0.5, 0.75, 1], baseline: [0, 0.25, 0.5, 0.75])
    #expect(comparison.interval == 0.25...0.25)
  }

  @Test func exchangingTheModelsTurnsTheSign() throws {
    let (a, b) = ([1.0, 0.5, 0, 0.25], [0.0, 0.5, 0.5, 0.125])
    let forward = try PairedComparison(candidate: a, baseline: b)
    let backward = try PairedComparison(candidate: b, baseline: a)
    #expect(forward.difference?.mean == backward.difference.map { -$0.mean })
    #expect(forward.interval?.lowerBound == backward.interval.map { -$0.upperBound })
    #expect(forward.wins == backward.losses)
  }

  @Test func fewQuestionsHaveNoInterval() throws {
    let none = try PairedComparison(candidate: [], baseline: [])
    #expect(none.difference == nil && none.interval == nil)
    let one = try PairedComparison(candidate: [1], baseline: [0])
    #expect(one.difference?.mean == 1 && one.interval == nil)
  }

  @Test func differentQuestionsAreRefused() {
    let error = #expect(throws: StatisticsError.self) {
      try PairedComparison(candidate: [1, 0], baseline: [1])
    }
    #expect(
      error?.description
        == "baseline: has a different number of questions from the candidate (got 1; need 2)")
  }
}
