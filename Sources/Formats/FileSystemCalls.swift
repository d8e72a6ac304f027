import Foundation

/// The system calls that take a path or bytes, without pointers.
///
/// Each returns what the call returns; `errno` is left as the call set it.
package enum FileSystemCalls {
  package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o666) -> Int32 {
    // SAFETY: Swift passes a copy of the path that ends with NUL and lives until the call returns.
    unsafe Foundation.open(path, flags | O_CLOEXEC, mode)
  }

  package static func rename(_ old: String, _ new: String) -> Int32 {
    // SAFETY: as for `open`.
    unsafe Foundation.rename(old, new)
  }

  @discardableResult package static func unlink(_ path: String) -> Int32 {
    // SAFETY: as for `open`.
    unsafe Foundation.unlink(path)
  }

  static func makeDirectory(_ path: String) -> Int32 {
    // SAFETY: as for `open`.
    unsafe Foundation.mkdir(path, 0o777)
  }

  /// Writes all of `bytes`, however many calls it takes; false where one fails.
  package static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var start = 0
    while start < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        // SAFETY: the call gets the part of the buffer that is not written yet, and its size.
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
        return unsafe Foundation.write(descriptor, rest.baseAddress, rest.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      start += count
    }
    return true
  }
}
