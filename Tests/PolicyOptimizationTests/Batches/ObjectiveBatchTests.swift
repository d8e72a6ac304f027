import PolicyOptimization
import Testing

@Suite struct ObjectiveBatchTests {
  private let batch = ObjectiveBatch(
    completions: [0..<2, 2..<2, 2..<5], logProb: [1, 2, 3, 4, 5], oldLogProb: [6, 7, 8, 9, 10],
    value: [11, 12, 13, 14, 15], advantage: [0, 0, 1, 1, 1],
    mask: [true, false, true, true, true])

  @Test func everyColumnFollowsTheCompletions() {
    let picked = batch.selecting([2, 0])
    #expect(picked.completions == [0..<3, 3..<5])
    #expect(picked.logProb == [3, 4, 5, 1, 2])
    #expect(picked.oldLogProb == [8, 9, 10, 6, 7])
    #expect(picked.value == [13, 14, 15, 11, 12])
    #expect(picked.advantage == [1, 1, 1, 0, 0])
    #expect(picked.mask == [true, true, true, true, false])
    #expect(picked.entropy == nil)
  }

  @Test func anEmptyCompletionStaysOne() {
    #expect(batch.selecting([1]).completions == [0..<0])
    #expect(batch.selecting([1, 0]).completions == [0..<0, 0..<2])
  }
}
