import Foundation

/// The digests of files, each of which is read again only where it is not what it was.
///
/// A file is taken for the same while its inode, its size and the times of its last changes are. A
/// time is no proof until it is past: what is written within one tick of a file system's clock bears
/// the same time, and the coarsest clocks tick every two seconds.
package struct FileDigests {
  private struct Known {
    var stamp: Files.Stamp
    var digest: FileDigest
    /// Whether a later change must show in the stamp.
    var isSettled: Bool
  }

  private var known: [ByteKey: Known] = [:]
  /// What was read until now.
  package private(set) var bytesRead = 0

  package init() {}

  /// The digest of a regular file as it is now.
  ///
  /// - Throws: a `FormatError`, as `Files.read` does.
  package mutating func digest(of path: String) throws(FormatError) -> FileDigest {
    let key = ByteKey(path)
    let stamp = Files.stamp(of: path)
    if let known = known[key], known.isSettled, known.stamp == stamp { return known.digest }
    let now = time(nil)
    let digest = try FileDigest(contentsOf: path)
    bytesRead += digest.bytes
    known[key] = stamp.map {
      Known(stamp: $0, digest: digest, isSettled: now - $0.changedSeconds > 2)
    }
    return digest
  }
}
