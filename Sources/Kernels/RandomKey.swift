internal import Foundation

/// Random numbers that are a pure function of what they are for.
///
/// Philox4x32-10: ten rounds over a 128-bit counter under a 64-bit key. Salmon et al. 2011,
/// "Parallel Random Numbers: As Easy as 1, 2, 3" (<https://doi.org/10.1145/2063384.2063405>).
/// There is no state to save: (seed, purpose, step, row, sample, position) names each draw.
package struct RandomKey: Sendable, Equatable {
  /// What a number is drawn for; two purposes never share a number.
  package enum Purpose: UInt64, Sendable {
    case initialization = 1
    case sampling = 2
    case evaluation = 3
    case audit = 4
    case replay = 5
    case comparison = 6
  }

  private let key: (UInt32, UInt32)

  package init(seed: UInt64, purpose: Purpose) {
    // SplitMix64's finalizer, so that neighbouring seeds give unrelated keys.
    var z = seed &+ 0x9e37_79b9_7f4a_7c15 &* purpose.rawValue
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    z ^= z &>> 31
    key = (UInt32(truncatingIfNeeded: z), UInt32(truncatingIfNeeded: z &>> 32))
  }

  package static func == (a: RandomKey, b: RandomKey) -> Bool { a.key == b.key }

  /// 64 random bits for one draw.
  package func bits(step: Int, row: Int, sample: Int, position: Int) -> UInt64 {
    let words = RandomKey.philox(
      counter: (
        UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: sample),
        UInt32(truncatingIfNeeded: row), UInt32(truncatingIfNeeded: step)
      ), key: key)
    return UInt64(words.0) | UInt64(words.1) << 32
  }

  /// A number drawn uniformly from 0..<1, a multiple of 2⁻⁵³.
  package func uniform(step: Int, row: Int, sample: Int, position: Int) -> Double {
    Double(bits(step: step, row: row, sample: sample, position: position) >> 11) * 0x1p-53
  }

  /// The ten rounds.
  package static func philox(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (c, k) = (counter, key)
    for _ in 0..<10 {
      let a = UInt64(0xD251_1F53) * UInt64(c.0)
      let b = UInt64(0xCD9E_8D57) * UInt64(c.2)
      c = (
        UInt32(truncatingIfNeeded: b >> 32) ^ c.1 ^ k.0, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ c.3 ^ k.1, UInt32(truncatingIfNeeded: a)
      )
      k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
    }
    return c
  }
}

extension RandomKey {
  /// A draw from the standard normal distribution (Box & Muller 1958), for (row, position).
  package func normal(row: Int, position: Int) -> Double {
    let u = 1 - uniform(step: 0, row: row, sample: 0, position: position)
    let v = uniform(step: 0, row: row, sample: 1, position: position)
    return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
  }
}
