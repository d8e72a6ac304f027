import CKernels
import Formats
import Testing

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples (<https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines>).
  static let examples = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmno"
        + "pqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ]

  @Test(arguments: examples) func matchesTheStandardsExamples(text: String, hash: String) {
    #expect(SHA256.hash(Array(text.utf8)) == hash)
  }

  /// Whatever processor runs the tests, both ways of computing are tried that it has.
  @Test(arguments: examples) func bothKernelsMatchThem(text: String, hash: String) {
    var message = Array(text.utf8)
    let bits = UInt64(message.count) * 8
    message.append(0x80)
    while message.count % 64 != 56 { message.append(0) }
    message += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }
    // At an odd address.
    message.insert(0, at: 0)
    for isNative in ck_has_sha256() != 0 ? [false, true] : [false] {
      var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
        0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
      ]
      // SAFETY: the state has eight words, and the message behind its first byte whole blocks.
      unsafe message.withUnsafeBufferPointer { bytes in
        let blocks = unsafe bytes.baseAddress.map { unsafe $0 + 1 }
        if isNative {
          unsafe ck_sha256_native(&state, blocks, bytes.count / 64)
        } else {
          unsafe ck_sha256_plain(&state, blocks, bytes.count / 64)
        }
      }
      let digits = state.map { word in
        String(repeating: "0", count: word.leadingZeroBitCount / 4 - (word == 0 ? 1 : 0))
          + String(word, radix: 16)
      }
      #expect(digits.joined() == hash)
    }
  }

  /// NIST's gigabyte, longer than 2³² bits.
  @Test func theLengthHas64Bits() {
    let unit = Array("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno".utf8)
    let piece = Array(repeatElement(unit, count: 1 << 14).joined())
    var hash = SHA256()
    for _ in 0..<(1 << 10) { hash.update(piece) }
    #expect(
      hash.finalize() == "50e72a0e26442fe2552dc3938ac58658228c0cbfb1d2ca872ae435266fcd055e")
  }

  @Test func doesNotDependOnHowTheMessageIsCut() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let whole = SHA256.hash(bytes)
    for size in [1, 3, 55, 56, 63, 64, 65, 128, 299] {
      var hash = SHA256()
      for start in stride(from: 0, to: bytes.count, by: size) {
        hash.update(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      #expect(hash.finalize() == whole, "pieces of \(size)")
    }
  }
}
