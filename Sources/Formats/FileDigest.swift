import Foundation

/// The size and hash that identify the content of a file.
public struct FileDigest: Sendable, Equatable {
  /// Size of the content in bytes.
  public let bytes: Int
  /// SHA-256, as 64 lower-case hexadecimal digits.
  public let sha256: String

  /// Creates a digest from its two numbers.
  public init(bytes: Int, sha256: String) { (self.bytes, self.sha256) = (bytes, sha256) }

  /// The digest of some bytes.
  public init(of content: [UInt8]) {
    self.init(bytes: content.count, sha256: SHA256.hash(content))
  }

  /// The digest of a regular file, which is read block by block.
  ///
  /// - Throws: a `FormatError`, as `Files.read` does.
  public init(contentsOf path: String) throws(FormatError) {
    var (count, hash) = (0, SHA256())
    try Files.read(path, blocks: 1 << 20) { block in
      count += block.count
      hash.update(block)
    }
    self.init(bytes: count, sha256: hash.finalize())
  }
}

extension FileDigest {
  /// nil where it is not what ``encoded`` gives.
  package init?(decoding json: JSON) {
    guard let bytes = json["bytes"]?.natural, let sha256 = json["sha256"]?.string else {
      return nil
    }
    self.init(bytes: bytes, sha256: sha256)
  }

  package var encoded: JSONObject { ["bytes": .integer(bytes), "sha256": .string(sha256)] }
}
