import Formats
import Foundation
import Testing

@Suite struct FileDigestTests {
  @Test(arguments: [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 19])
  func aFileReadInPiecesHasTheHashOfItsBytes(count: Int) throws {
    let scratch = try Scratch()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Files.writeAtomically(bytes, to: scratch["a"])
    let digest = try FileDigest(contentsOf: scratch["a"])
    #expect(digest == FileDigest(of: bytes))
    #expect(digest.bytes == count && digest.sha256 == SHA256.hash(bytes))
  }

  @Test func whatIsNoFileHasNone() throws {
    let scratch = try Scratch()
    #expect(throws: FormatError.self) { try FileDigest(contentsOf: scratch.path) }
    let error = try #require(throws: FormatError.self) {
      try FileDigest(contentsOf: scratch["none"])
    }
    #expect(error.isMissing)
  }
}
