import Datasets
import Testing

@Suite struct DataOrderTests {
  @Test(arguments: [1, 2, 3, 7, 64, 500, 1001])
  func everyRowComesOnceAnEpoch(count: Int) {
    let order = DataOrder(count: count, seed: 5)
    for epoch in 0..<3 {
      let rows = (0..<count).map { order.row(draw: epoch * count + $0) }
      #expect(rows.sorted() == Array(0..<count))
    }
  }

  @Test func stepsCutTheDrawsWithoutGaps() {
    let order = DataOrder(count: 10, seed: 1)
    let drawn = (0..<9).flatMap { order.rows(step: $0, count: 4) }
    #expect(drawn == (0..<36).map(order.row(draw:)))
    #expect(order.rows(step: 2, count: 0) == [])
  }

  @Test func seedStreamAndEpochEachChangeTheOrder() {
    let count = 100
    let orders: [[Int]] = [
      DataOrder(count: count, seed: 1).rows(step: 0, count: count),
      DataOrder(count: count, seed: 1).rows(step: 1, count: count),
      DataOrder(count: count, seed: 2).rows(step: 0, count: count),
      DataOrder(count: count, seed: 1, stream: 1).rows(step: 0, count: count),
      DataOrder(count: count, seed: 0, stream: 1).rows(step: 0, count: count),
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
    #expect(
      DataOrder(count: 20000, seed: 1).rows(step: 0, count: 6)
        == [1565, 3278, 16351, 11200, 3616, 5505])
    #expect(
      DataOrder(count: 7, seed: 42, stream: 3).rows(step: 1, count: 7)
        == [0, 3, 5, 2, 4, 6, 1])
  }

  /// All 24 orders of four rows come equally often over 24,000 seeds.
  ///
  /// χ² with 23 degrees of freedom stays under 49.7, its 99.9 % point.
  @Test func everyPermutationIsEquallyLikely() {
    var counts: [[Int]: Int] = [:]
    for seed in 0..<24000 {
      counts[DataOrder(count: 4, seed: UInt64(seed)).rows(step: 0, count: 4), default: 0] += 1
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
    let order = DataOrder(count: count, seed: 9)
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
