import Kernels
import LanguageModel
import Synchronization
import TestSupport
import Testing

@Suite struct WorkSplitTests {
  @Test(arguments: [
    (1, 2, false), (2, 2, true), (11, 2, true), (12, 2, false), (5, 1, false), (48, 9, true),
    (49, 9, false),
  ])
  func rowsTooFewForATilePerWorkerShareThePanels(rows: Int, workers: Int, shares: Bool) {
    #expect(WorkSplit.sharesPanels(rows: rows, Workers(count: workers)) == shares)
  }

  /// One chunk a worker, in whole tiles of six where there are enough rows, of 48 at most.
  @Test(arguments: [
    (30, [0..<15, 15..<30]), (58, [0..<30, 30..<58]), (100, [0..<48, 48..<96, 96..<100]),
    (1, [0..<1]), (0, []),
  ])
  func chunksGiveEveryWorkerWork(rows: Int, expected: [Range<Int>]) {
    let chunks = Mutex<[Range<Int>]>([])
    Workers(count: 2).forEachChunk(of: 0..<rows) { chunk, _ in
      chunks.withLock { $0.append(chunk) }
    }
    #expect(chunks.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound } == expected)
  }

  /// Three panels of one product and two of the next, in as many shares as there are panels or fewer.
  @Test(arguments: [2, 3, 4]) func sharedPanelsGiveTheBitsOfWholeProducts(workers: Int) {
    var rng = SplitMix64(seed: 5)
    let x = Matrix(rows: 4, columns: 7)
    for row in 0..<4 { for column in 0..<7 { x[row, column] = .random(in: -1...1, using: &rng) } }
    let weights = [45, 20].map { outputs in
      let weight = PackedWeight(
        buffer: FloatBuffer(count: 48 * 7), offset: 0, outputs: outputs, inputs: 7)
      for i in 0..<outputs * 7 { weight[i / 7, i % 7] = .random(in: -1...1, using: &rng) }
      return weight
    }
    func products(_ split: WorkSplit) -> [[Float]] {
      let y = weights.map { Matrix(rows: 4, columns: $0.outputs) }
      split.multiply(panels: 5) { share in
        for (y, weight) in zip(y, weights) {
          share.forward(y, x, rows: 0..<4, xFirst: 0, weight: weight)
        }
      }
      return y.map { y in (0..<4 * y.columns).map { y[$0 / y.columns, $0 % y.columns] } }
    }
    let whole = products(.rows(worker: 0))
    #expect(whole[0][0] != 0 && whole[1][79] != 0)
    for (found, expected) in zip(products(.panels(Workers(count: workers))), whole) {
      #expect(bitDifference(found, expected) == nil)
    }
  }
}
