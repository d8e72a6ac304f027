import Datasets
import Testing

@Suite struct DataOrderTests {
  @Test(arguments: [1, 2, 3, 7, 64, 500, 1001])
  func everyRowComesOnceAnEpoch(count: Int) {
    let order = DataOrder(count: count, seed: 5, stream: .training)
    for epoch in 0..<3 {
      let rows = (0..<count).map { order.row(draw: epoch * count + $0) }
      #expect(rows.sorted() == Array(0..<count))
    }
  }

  @Test func stepsCutTheDrawsWithoutGaps() {
    let order = DataOrder(count: 10, seed: 1, stream: .training)
    let drawn = (0..<9).flatMap { order.rows(step: $0, count: 4) }
    #expect(drawn == (0..<36).map(order.row(draw:)))
    #expect(order.rows(step: 2, count: 0) == [])
  }

  @Test func seedStreamAndEpochEachChangeTheOrder() {
    let count = 100
    let orders: [[Int]] = [
      DataOrder(count: count, seed: 1, stream: .training).rows(step: 0, count: count),
      DataOrder(count: count, seed: 1, stream: .training).rows(step: 1, count: count),
      DataOrder(count: count, seed: 2, stream: .training).rows(step: 0, count: count),
      DataOrder(count: count, seed: 1, stream: .warmStart).rows(step: 0, count: count),
      DataOrder(count: count, seed: 0, stream: .warmStart).rows(step: 0, count: count),
    ]
    #expect(Set(orders).count == orders.count)
    // Two unrelated permutations agree in one place on average, in 7 with probability 10⁻⁵.
    for (index, a) in orders.enumerated() {
      for b in orders[..<index] {
        #expect(zip(a, b).count { $0 == $1 } < 7)
      }
    }
  }

  /// A run's data order is part of its result: these rows may never change.
  @Test func theOrderIsFixedForever() {
    let first: [(stream: DataOrder.Stream, rows: [Int])] = [
      (.warmStart, [3763, 18364, 6299, 19645, 13735, 17648]),
      (.training, [12715, 7124, 11312, 7452, 15280, 11017]),
      (.dynamicSampling, [14643, 11265, 16091, 19930, 5955, 8231]),
      (.comparisons, [10151, 15585, 19179, 16475, 11465, 12503]),
      (.rewardModel, [11091, 1643, 17827, 12713, 19025, 18026]),
      (.newPairs(update: 3), [12247, 641, 5424, 1081, 18194, 7568]),
      (.replayedPairs(update: 3), [2305, 18836, 5828, 17463, 11026, 18964]),
    ]
    for (stream, rows) in first {
      #expect(DataOrder(count: 20000, seed: 1, stream: stream).rows(step: 0, count: 6) == rows)
    }
    #expect(
      DataOrder(count: 7, seed: 42, stream: .miniBatches).rows(step: 1, count: 7)
        == [0, 3, 5, 2, 4, 6, 1])
  }

  /// All 24 orders of four rows come equally often over 24,000 seeds.
  ///
  /// χ² with 23 degrees of freedom stays under 49.7, its 99.9 % point.
  @Test func everyPermutationIsEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    for seed in 0..<24000 {
      counts[
        DataOrder(count: 4, seed: UInt64(seed), stream: .training).rows(step: 0, count: 4),
        default: 0] += 1
    }
    #expect(counts.count == 24)
    let chiSquared = counts.values.map { Double(($0 - 1000) * ($0 - 1000)) / 1000 }.reduce(0, +)
    #expect(chiSquared < 49.7)
  }

  /// The first two rows of an epoch, and how far they are apart, over 101 × 100 epochs of one seed.
  ///
  /// χ² with 100 degrees of freedom stays under 149.4, its 99.9 % point.
  @Test func everyRowAndDistanceIsEquallyLikelyOverTheEpochs() {
    let count = 101
    let order = DataOrder(count: count, seed: 9, stream: .training)
    var rows = [Int](repeating: 0, count: count)
    var distances = [Int](repeating: 0, count: count)
    for epoch in 0..<count * 100 {
      let first = order.row(draw: epoch * count)
      let second = order.row(draw: epoch * count + 1)
      rows[first] += 1
      distances[(second - first + count) % count] += 1
    }
    let chiSquared = rows.map { Double(($0 - 100) * ($0 - 100)) / 100 }.reduce(0, +)
    #expect(chiSquared < 149.4)
    #expect(distances[0] == 0)
    // 100 distances share the 10,100 draws: 101 each, 99 degrees of freedom, 148.2.
    let spread = distances.dropFirst().map { Double(($0 - 101) * ($0 - 101)) / 101 }.reduce(0, +)
    #expect(spread < 148.2)
  }
}
