/// A small generator with a seed, for test data: the same numbers in every run.
///
/// Steele, Lea & Flood 2014 (<https://doi.org/10.1145/2660193.2660195>).
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z &>> 31)
  }
}

extension Array where Element == Float {
  /// `count` numbers drawn uniformly from −1..<1.
  package static func uniform(
    _ count: Int, using rng: inout some RandomNumberGenerator
  ) -> [Float] {
    (0..<count).map { _ in .random(in: -1..<1, using: &rng) }
  }

  package var doubles: [Double] { map(Double.init) }
}
