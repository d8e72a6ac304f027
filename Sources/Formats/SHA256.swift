internal import CKernels

/// The hash SHA-256 of FIPS 180-4 (<https://doi.org/10.6028/NIST.FIPS.180-4>).
///
/// By the processor's own instructions where it has them, with the same result.
package struct SHA256: Sendable {
  /// H⁽ⁱ⁾, the hash of the blocks so far (FIPS 180-4, 5.3.3).
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// The bytes after the last whole block.
  private var pending: [UInt8] = []
  private var length: UInt64 = 0

  private static let isNative = ck_has_sha256() != 0

  /// Begins an empty message.
  package init() {}

  /// The hash of `bytes` as 64 lower-case hexadecimal digits.
  package static func hash(_ bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
  }

  /// Appends `bytes` to the message.
  package mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

  /// Appends `bytes` to the message.
  package mutating func update(_ bytes: borrowing Span<UInt8>) {
    length &+= UInt64(bytes.count)
    var start = 0
    if !pending.isEmpty {
      start = min(64 - pending.count, bytes.count)
      for i in 0..<start { pending.append(bytes[i]) }
      guard pending.count == 64 else { return }
      let block = pending
      absorb(block.span)
      pending.removeAll(keepingCapacity: true)
    }
    let end = start + (bytes.count - start) / 64 * 64
    absorb(bytes.extracting(start..<end))
    for i in end..<bytes.count { pending.append(bytes[i]) }
  }

  /// Ends the message and returns its hash as 64 lower-case hexadecimal digits.
  package consuming func finalize() -> String {
    // The padding of FIPS 180-4, 5.1.1: a one bit, zeros, and the length in bits.
    let bits = length &* 8
    var padding: [UInt8] = [0x80]
    padding.append(contentsOf: repeatElement(0, count: (119 - pending.count) % 64))
    padding.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) })
    update(padding)
    return state.map { $0.digits(8, radix: 16) }.joined()
  }

  /// Takes in whole blocks of 64 bytes.
  private mutating func absorb(_ blocks: borrowing Span<UInt8>) {
    if blocks.isEmpty { return }
    // SAFETY: the state has eight words, and as many blocks are read as the span holds.
    unsafe blocks.withUnsafeBufferPointer { bytes in
      unsafe state.withUnsafeMutableBufferPointer { state in
        let (words, first, count) = (state.baseAddress, bytes.baseAddress, bytes.count / 64)
        if Self.isNative {
          unsafe ck_sha256_native(words, first, count)
        } else {
          unsafe ck_sha256_plain(words, first, count)
        }
      }
    }
  }
}
