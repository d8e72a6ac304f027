import Foundation

/// Bounded reading and durable writing of whole files, and what a path leads to.
package enum Files {
  /// What errors call the data that a program is sent.
  package static let standardInput = "standard input"

  /// Whether errors call a stream so, whose name tells nothing and cannot be given to a command.
  package static func isStreamName(_ name: String) -> Bool {
    name == standardInput || name.utf8.starts(with: "/dev/".utf8)
  }

  /// The bytes of a regular file.
  ///
  /// A symbolic link is followed; anything but a regular file behind it (a directory, a pipe, a
  /// device) is refused without reading.
  ///
  /// - Throws: a `FormatError` that is `.missing` when there is no such file, `.invalid` when the
  ///   file is larger than `maximumBytes` or no regular file, else `.inputOutput`.
  package static func read(
    _ path: String, maximumBytes: Int
  ) throws(FormatError) -> [UInt8] {
    let (descriptor, size) = try openRegular(path)
    defer { close(descriptor) }
    guard size <= maximumBytes else {
      throw FormatError("too large (got \(size) bytes; need at most \(maximumBytes))", file: path)
    }
    var failed = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      // SAFETY: what is filled is a part of the buffer's own.
      (count, failed) = unsafe fill(UnsafeMutableRawBufferPointer(buffer), from: descriptor)
    }
    guard !failed else { throw failure("cannot read", path, .inputOutput) }
    return bytes
  }

  /// Hands the bytes of a regular file over in blocks of at most `size`.
  ///
  /// - Throws: as `read(_:maximumBytes:)`.
  package static func read(
    _ path: String, blocks size: Int, _ body: (borrowing Span<UInt8>) -> Void
  ) throws(FormatError) {
    let (descriptor, _) = try openRegular(path)
    defer { close(descriptor) }
    var block = [UInt8](repeating: 0, count: size)
    while true {
      // SAFETY: what is filled is the block's own buffer.
      let (count, failed) = unsafe block.withUnsafeMutableBytes { buffer in
        unsafe fill(buffer, from: descriptor)
      }
      guard !failed else { throw failure("cannot read", path, .inputOutput) }
      body(block.span.extracting(first: count))
      if count < size { return }
    }
  }

  private static func openRegular(
    _ path: String
  ) throws(FormatError) -> (descriptor: Int32, size: Int) {
    // O_NONBLOCK: opening a pipe must not wait for its writer.
    let descriptor = FileSystemCalls.open(path, O_RDONLY | O_NONBLOCK)
    guard descriptor >= 0 else {
      let missing = errno == ENOENT || errno == ENOTDIR
      throw failure("cannot open", path, missing ? .missing : .inputOutput)
    }
    do throws(FormatError) {
      var status = stat()
      // SAFETY: the call writes one status, into the one that it is given.
      guard unsafe fstat(descriptor, &status) == 0 else {
        throw failure("cannot read", path, .inputOutput)
      }
      guard status.st_mode & S_IFMT == S_IFREG else {
        let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "not a regular file"
        throw FormatError("is \(kind); need a file", file: path)
      }
      return (descriptor, Int(status.st_size))
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Reads until the buffer is full, the file ends or reading fails.
  ///
  /// - Parameter offset: Where in the file; nil goes on where the last read ended.
  package static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int? = nil
  ) -> (count: Int, failed: Bool) {
    var count = 0
    while count < buffer.count {
      // SAFETY: the call gets the part of the buffer that is still empty, and its size.
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      let got =
        if let offset {
          unsafe pread(descriptor, rest.baseAddress, rest.count, off_t(offset + count))
        } else {
          unsafe Foundation.read(descriptor, rest.baseAddress, rest.count)
        }
      if got < 0 && errno == EINTR { continue }
      if got <= 0 { return (count, got < 0) }
      count += got
    }
    return (count, false)
  }

  /// The names in a directory, sorted by their bytes; empty where it does not exist.
  package static func names(in path: String) throws(FormatError) -> [String] {
    guard exists(path) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path)
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw FormatError("cannot list the directory", file: path, kind: .inputOutput)
    }
  }

  /// The directory that `path` stands in: "." for a plain name.
  package static func parent(of path: String) -> String {
    let bytes = Array(withoutSlashes(path).utf8)
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
  }

  /// `path` without the slashes that end it, but for the root.
  static func withoutSlashes(_ path: String) -> String {
    var bytes = Array(path.utf8)
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The error for the operating system's `errno`.
  package static func failure(
    _ what: String, _ path: String, _ kind: FormatError.Kind
  ) -> FormatError {
    let code = errno
    let reason = kind == .missing ? "no such file" : unsafe String(cString: strerror(code))
    let message = kind == .missing ? reason : "\(what): \(reason)"
    return FormatError(message, file: path, kind: kind)
  }
}
