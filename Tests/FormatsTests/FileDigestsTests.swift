import Formats
import Foundation
import Testing

@Suite struct FileDigestsTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// A file whose content was written an hour ago, as far as its time tells.
  private func write(_ bytes: [UInt8]) throws {
    try Files.writeAtomically(bytes, to: scratch["a"])
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: scratch["a"])
  }

  @Test func whatIsAsItWasIsNotReadAgain() throws {
    try write([1, 2, 3])
    var digests = FileDigests()
    for _ in 0..<3 {
      #expect(try digests.digest(of: scratch["a"]) == FileDigest(of: [1, 2, 3]))
    }
    #expect(digests.bytesRead == 3)
    // Of the same size and time, and another file.
    try write([1, 2, 4])
    #expect(try digests.digest(of: scratch["a"]) == FileDigest(of: [1, 2, 4]))
    // Written in place.
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch["a"]))
    try file.write(contentsOf: Data([7]))
    try file.close()
    #expect(try digests.digest(of: scratch["a"]) == FileDigest(of: [7, 2, 4]))
    #expect(digests.bytesRead == 9)
  }

  /// Another write of the same size could bear the same time.
  @Test func whatWasWrittenJustNowIsReadAgain() throws {
    try Files.writeAtomically([1], to: scratch["a"])
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 3600)], ofItemAtPath: scratch["a"])
    var digests = FileDigests()
    for _ in 0..<2 { _ = try digests.digest(of: scratch["a"]) }
    #expect(digests.bytesRead == 2)
  }

  @Test func whatIsNoFileHasNone() throws {
    var digests = FileDigests()
    #expect(throws: FormatError.self) { try digests.digest(of: scratch.path) }
    #expect(throws: FormatError.self) { try digests.digest(of: scratch["none"]) }
  }
}
