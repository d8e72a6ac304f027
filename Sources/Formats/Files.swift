import Foundation

/// Bounded reading and durable writing of whole files.
public enum Files {
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
  public static func read(
    _ path: String, maximumBytes: Int
  ) throws(FormatError) -> [UInt8] {
    let (descriptor, size) = try openRegular(path)
    defer { close(descriptor) }
    guard size <= maximumBytes else {
      throw FormatError(
        file: path, message: "too large (got \(size) bytes; need at most \(maximumBytes))")
    }
    var failed = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      // SAFETY: what is filled is a part of the buffer's own.
      (count, failed) = unsafe fill(UnsafeMutableRawBufferPointer(buffer), from: descriptor)
    }
    guard !failed else { throw failure("cannot read", path, .inputOutput) }
    return bytes
  }

  /// Hands the bytes of a regular file over in pieces of at most `size`.
  ///
  /// - Throws: as `read(_:maximumBytes:)`.
  package static func read(
    _ path: String, pieces size: Int, _ body: (borrowing Span<UInt8>) -> Void
  ) throws(FormatError) {
    let (descriptor, _) = try openRegular(path)
    defer { close(descriptor) }
    var piece = [UInt8](repeating: 0, count: size)
    while true {
      // SAFETY: what is filled is the piece's own buffer.
      let (count, failed) = unsafe piece.withUnsafeMutableBytes { buffer in
        unsafe fill(buffer, from: descriptor)
      }
      guard !failed else { throw failure("cannot read", path, .inputOutput) }
      body(piece.span.extracting(first: count))
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
        let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "no regular file"
        throw FormatError(file: path, message: "is \(kind); need a file")
      }
      return (descriptor, Int(status.st_size))
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Reads until the buffer is full, the file ends or reading fails.
  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32
  ) -> (count: Int, failed: Bool) {
    var count = 0
    while count < buffer.count {
      // SAFETY: the call gets the part of the buffer that is still empty, and its size.
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      let got = unsafe Foundation.read(descriptor, rest.baseAddress, rest.count)
      if got < 0 && errno == EINTR { continue }
      if got <= 0 { return (count, got < 0) }
      count += got
    }
    return (count, false)
  }

  /// Replaces the file at `path` as a whole: after a crash at any moment it holds the old or the
  /// new bytes.
  ///
  /// The bytes go to a temporary file beside it, which is synchronised and renamed, and then the
  /// directory is synchronised. On failure the temporary file is removed.
  ///
  /// - Parameter isPrivate: Whether the file is for its owner alone.
  public static func writeAtomically(
    _ bytes: [UInt8], to path: String, isPrivate: Bool = false
  ) throws(FormatError) {
    let temporary = TemporaryName.path(for: path)
    do throws(FormatError) {
      try writeNew(bytes, to: temporary, named: path, isPrivate: isPrivate)
      guard FileSystemCalls.rename(temporary, path) == 0 else {
        throw failure("cannot replace", path, .cannotCreate)
      }
    } catch {
      FileSystemCalls.unlink(temporary)
      throw error
    }
    try synchronizeDirectory(parent(of: path))
  }

  /// Makes a directory and the ones above it, and synchronises the entries of each new one.
  ///
  /// - Throws: a `FormatError` that is `.cannotCreate`, also when something else has the name.
  public static func createDirectory(_ path: String) throws(FormatError) {
    if FileSystemCalls.makeDirectory(path) == 0 {
      return try synchronizeDirectory(parent(of: path))
    }
    let code = errno
    if code == ENOENT, parent(of: path) != path {
      try createDirectory(parent(of: path))
      if FileSystemCalls.makeDirectory(path) == 0 {
        return try synchronizeDirectory(parent(of: path))
      }
    }
    if isDirectory(path) { return }
    if exists(path) {
      throw FormatError(file: path, message: "is a file; need a directory", kind: .cannotCreate)
    }
    errno = code
    throw failure("cannot create", path, .cannotCreate)
  }

  public static func isDirectory(_ path: String) -> Bool {
    let descriptor = FileSystemCalls.open(path, O_RDONLY | O_DIRECTORY)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0
  }

  /// Whether this is a directory, and no symbolic link to one.
  package static func isOwnDirectory(_ path: String) -> Bool {
    let descriptor = FileSystemCalls.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0
  }

  /// What a path can lead to.
  package enum Kind: Sendable {
    case file, directory
    /// A pipe, a device or a socket.
    case stream
  }

  /// What `path` leads to, links followed; nil where there is nothing.
  package static func kind(_ path: String) -> Kind? {
    var status = stat()
    // SAFETY: the call writes one status, into the one that it is given.
    guard unsafe stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .directory
    default: return .stream
    }
  }

  /// Whether both lead to the same file, by whatever names.
  package static func areSame(_ path: String, _ other: String) -> Bool {
    var (a, b) = (stat(), stat())
    // SAFETY: as for `kind`.
    guard unsafe stat(path, &a) == 0, unsafe stat(other, &b) == 0 else { return false }
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino
  }

  /// What a file is known by among all of the machine's, as long as somebody has it open.
  package struct Identity: Sendable, Equatable {
    private let device: UInt64
    private let number: UInt64

    fileprivate init(_ status: stat) {
      (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
  }

  /// Which file an open one is.
  package static func identity(of descriptor: Int32) -> Identity? {
    var status = stat()
    // SAFETY: the call writes one status, into the one that it is given.
    return unsafe fstat(descriptor, &status) == 0 ? Identity(status) : nil
  }

  /// Which file a path leads to; nil where there is nothing.
  package static func identity(of path: String) -> Identity? {
    var status = stat()
    // SAFETY: as for the open one.
    return unsafe stat(path, &status) == 0 ? Identity(status) : nil
  }

  /// What becomes another when a file is written, or another takes its place.
  package struct Stamp: Sendable, Equatable {
    private let identity: Identity
    private let size: Int
    private let times: [Int]

    fileprivate init(_ status: stat) {
      (identity, size) = (Identity(status), Int(status.st_size))
      let (content, all) = (status.st_mtim, status.st_ctim)
      times = [content.tv_sec, content.tv_nsec, all.tv_sec, all.tv_nsec]
    }

    /// When its content was changed last, in seconds since 1970.
    package var changedSeconds: Int { times[0] }
  }

  /// The stamp of what a path leads to; nil where there is nothing.
  package static func stamp(of path: String) -> Stamp? {
    var status = stat()
    // SAFETY: as for `identity`.
    return unsafe stat(path, &status) == 0 ? Stamp(status) : nil
  }

  /// Whether this is a symbolic link, and not what one leads to.
  package static func isSymbolicLink(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the call writes one status, into the one that it is given.
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// Whether there is anything of this name; a broken symbolic link is nothing.
  public static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// Whether the name is taken, if only by a symbolic link to nothing.
  package static func isTaken(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the call writes one status, into the one that it is given.
    return unsafe lstat(path, &status) == 0
  }

  /// The size of a regular file in bytes; nil when there is none.
  package static func size(_ path: String) -> Int? {
    var status = stat()
    // SAFETY: the call writes one status, into the one that it is given.
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// Refuses what is there, and no regular file, before it is opened for writing.
  ///
  /// - Throws: a `FormatError` that is `.cannotCreate`.
  package static func refuseOther(_ path: String) throws(FormatError) {
    guard exists(path), size(path) == nil else { return }
    let kind = isDirectory(path) ? "a directory" : "no regular file"
    throw FormatError(
      file: path, message: "is \(kind); need a file, or nothing there", kind: .cannotCreate)
  }

  /// The names in a directory, sorted bytewise; none when it does not exist.
  public static func names(in path: String) throws(FormatError) -> [String] {
    guard exists(path) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path)
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw FormatError(file: path, message: "cannot list the directory", kind: .inputOutput)
    }
  }

  /// Gives a file or directory another name, also one that is taken by a file, and synchronises the
  /// directory that holds it.
  public static func rename(_ path: String, to newPath: String) throws(FormatError) {
    guard FileSystemCalls.rename(path, newPath) == 0 else {
      throw failure("cannot rename to", newPath, .cannotCreate)
    }
    try synchronizeDirectory(parent(of: newPath))
  }

  /// Removes a file or a directory with all that is in it.
  package static func remove(_ path: String) throws(FormatError) {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw FormatError(file: path, message: "cannot remove it", kind: .inputOutput)
    }
  }

  /// Writes and synchronises a file, replacing one that is there in place.
  package static func writeNew(
    _ bytes: [UInt8], to path: String, named name: String? = nil, isPrivate: Bool = false
  ) throws(FormatError) {
    let name = name ?? path
    FileSystemCalls.unlink(path)
    let descriptor = FileSystemCalls.open(
      path, O_WRONLY | O_CREAT | O_EXCL, mode: isPrivate ? 0o600 : 0o666)
    guard descriptor >= 0 else { throw failure("cannot create", name, .cannotCreate) }
    var fault: FormatError?
    do throws(FormatError) {
      try write(bytes, to: descriptor, named: name)
      // A failed fsync is not tried again: the pages may be gone, and a second one succeed.
      guard fsync(descriptor) == 0 else { throw failure("cannot write", name, .inputOutput) }
    } catch {
      fault = error
    }
    if close(descriptor) != 0 && fault == nil {
      fault = failure("cannot write", name, .inputOutput)
    }
    if let fault { throw fault }
  }

  /// Writes all of `bytes`, however many calls it takes.
  package static func write(
    _ bytes: [UInt8], to descriptor: Int32, named name: String
  ) throws(FormatError) {
    var start = 0
    while start < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        // SAFETY: the call gets the part of the buffer that is not written yet, and its size.
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
        return unsafe Foundation.write(descriptor, rest.baseAddress, rest.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure("cannot write", name, .inputOutput) }
      start += count
    }
  }

  /// Makes a directory of these files, whole or not at all; `path` must not exist, except as an
  /// empty directory.
  ///
  /// They are written and synchronised in a directory beside it, which is then renamed. On failure
  /// that is removed.
  package static func writeDirectory(
    _ files: [(name: String, bytes: [UInt8])], to path: String
  ) throws(FormatError) {
    let path = withoutSlashes(path)
    let staging = TemporaryName.path(for: path)
    if exists(staging) { try remove(staging) }
    do throws(FormatError) {
      try createDirectory(staging)
      for file in files { try writeNew(file.bytes, to: "\(staging)/\(file.name)") }
      try synchronizeDirectory(staging)
      try rename(staging, to: path)
    } catch {
      // Best effort: the error that is thrown is the one that matters.
      try? remove(staging)
      throw error
    }
  }

  /// Makes sure that `writeAtomically` can write a file at `path`, before there is work to lose.
  package static func checkPlace(ofFile path: String) throws(FormatError) {
    try refuseOther(path)
    let temporary = TemporaryName.path(for: path)
    try writeNew([], to: temporary, named: path)
    FileSystemCalls.unlink(temporary)
  }

  /// Makes sure that `writeDirectory` can make a directory at `path`, before there is work to lose:
  /// that the name is free, if only of a link to nothing, and that there can be one beside it.
  package static func checkPlace(ofDirectory path: String) throws(FormatError) {
    guard !isTaken(path) else {
      throw FormatError(
        file: path, message: "exists already (need a new directory)", kind: .cannotCreate)
    }
    let staging = TemporaryName.path(for: withoutSlashes(path))
    do throws(FormatError) {
      try createDirectory(staging)
    } catch {
      var error = error
      if error.file == staging { error.file = path }
      throw error
    }
    try remove(staging)
  }

  /// Makes the entries of a directory durable.
  package static func synchronizeDirectory(_ path: String) throws(FormatError) {
    let descriptor = FileSystemCalls.open(path, O_RDONLY | O_DIRECTORY)
    guard descriptor >= 0 else { throw failure("cannot open", path, .inputOutput) }
    defer { close(descriptor) }
    // EINVAL: this file system has no such thing, and nothing else can be done.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw failure("cannot write", path, .inputOutput)
    }
  }

  /// The directory that `path` stands in: "." for a plain name.
  package static func parent(of path: String) -> String {
    let bytes = Array(withoutSlashes(path).utf8)
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
  }

  /// `path` without the slashes that end it, but for the root.
  private static func withoutSlashes(_ path: String) -> String {
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
    return FormatError(file: path, message: message, kind: kind)
  }
}
