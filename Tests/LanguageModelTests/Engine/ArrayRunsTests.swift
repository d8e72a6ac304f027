import LanguageModel
import Testing

@Suite struct ArrayRunsTests {
  @Test(arguments: [
    (5, [0..<2, 2..<3, 3..<5]), (4, [0..<1, 1..<2, 2..<3, 3..<5]), (100, [0..<5]),
    (0, [0..<1, 1..<2, 2..<3, 3..<4, 4..<5]),
  ])
  func asManyGoTogetherAsWeighTheLimit(limit: Int, expected: [Range<Int>]) {
    #expect([2, 3, 7, 1, 3].runs(of: limit) { $0 } == expected)
  }

  @Test func nothingHasNoRuns() { #expect([Int]().runs(of: 3) { $0 }.isEmpty) }
}
