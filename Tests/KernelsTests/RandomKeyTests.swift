import Kernels
import Testing

@Suite struct RandomKeyTests {
  typealias Words = (UInt32, UInt32, UInt32, UInt32)

  /// Known answers of the authors' library, Random123 (`kat_vectors`, philox4x32 10).
  @Test func philoxGivesTheKnownAnswers() {
    let ones = UInt32.max
    let cases: [(counter: Words, key: (UInt32, UInt32), words: Words)] = [
      ((0, 0, 0, 0), (0, 0), (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
      (
        (ones, ones, ones, ones), (ones, ones),
        (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
      ),
      (
        (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), (0xa409_3822, 0x299f_31d0),
        (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
      ),
    ]
    for (counter, key, words) in cases {
      #expect(RandomKey.philox(counter: counter, key: key) == words)
    }
  }

  @Test func everyArgumentChangesTheNumber() {
    var seen: Set<UInt64> = []
    var count = 0
    for purpose in [
      RandomKey.Purpose.initialization, .sampling, .evaluation, .audit,
    ] {
      for seed: UInt64 in [0, 1, 2, .max] {
        let key = RandomKey(seed: seed, purpose: purpose)
        for (step, row, sample, position) in [
          (0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (7, 7, 7, 7),
        ] {
          seen.insert(key.bits(step: step, row: row, sample: sample, position: position))
          count += 1
        }
      }
    }
    #expect(seen.count == count)
  }

  @Test func keysAreEqualWhenSeedAndPurposeAre() {
    let key = RandomKey(seed: 5, purpose: .sampling)
    #expect(key == RandomKey(seed: 5, purpose: .sampling))
    #expect(key != RandomKey(seed: 6, purpose: .sampling))
    #expect(key != RandomKey(seed: 5, purpose: .evaluation))
    #expect(
      key.bits(step: 1, row: 2, sample: 3, position: 4)
        == RandomKey(seed: 5, purpose: .sampling).bits(step: 1, row: 2, sample: 3, position: 4))
  }

  /// Mean ½ with deviation 1/√(12n), variance 1/12 with deviation 1/√(180n): five of each.
  @Test(arguments: ["step", "row", "sample", "position"]) func uniformNumbersAreUniform(
    argument: String
  ) {
    let key = RandomKey(seed: 9, purpose: .sampling)
    let n = 20_000
    var (sum, squares, previous, product) = (0.0, 0.0, 0.5, 0.0)
    var cells = [Int](repeating: 0, count: 16)
    for i in 0..<n {
      let u = key.uniform(
        step: argument == "step" ? i : 3, row: argument == "row" ? i : 3,
        sample: argument == "sample" ? i : 3, position: argument == "position" ? i : 3)
      #expect(0 <= u && u < 1)
      sum += u
      squares += (u - 0.5) * (u - 0.5)
      product += (u - 0.5) * (previous - 0.5)
      previous = u
      cells[Int(u * 16)] += 1
    }
    let count = Double(n)
    #expect(abs(sum / count - 0.5) < 5 / (12 * count).squareRoot())
    #expect(abs(squares / count - 1.0 / 12) < 5 / (180 * count).squareRoot())
    // Neighbours are uncorrelated: a product has deviation 1/12.
    #expect(abs(product / count) < 5 / (144 * count).squareRoot())
    // Each cell is binomial with deviation √(n/16 · 15/16).
    for cell in cells {
      #expect(abs(Double(cell) - count / 16) < 5 * (count * 15 / 256).squareRoot())
    }
  }

  /// The k-th moment's deviation is √((m₂ₖ − mₖ²)/n): 1, √2, √15, √96 for n = 1.
  @Test func normalNumbersHaveNormalMoments() {
    let key = RandomKey(seed: 10, purpose: .initialization)
    let n = 20_000
    var moments = [0.0, 0, 0, 0]
    for i in 0..<n {
      let x = key.normal(row: i % 7, position: i / 7)
      #expect(x.isFinite)
      moments[0] += x
      moments[1] += x * x
      moments[2] += x * x * x
      moments[3] += x * x * x * x
    }
    for (k, (expected, variance)) in [(0.0, 1.0), (1, 2), (0, 15), (3, 96)].enumerated() {
      #expect(
        abs(moments[k] / Double(n) - expected) < 5 * (variance / Double(n)).squareRoot(),
        "moment \(k + 1)")
    }
  }
}
