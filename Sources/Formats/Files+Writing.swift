import Foundation

// Durable writing: after a crash at any moment the old file or the new one is there.
extension Files {
  /// Replaces the file at `path` as a whole: after a crash at any moment it holds the old or the
  /// new bytes.
  ///
  /// The bytes go to a temporary file beside it, which is synchronised and renamed, and then the
  /// directory is synchronised. On failure the temporary file is removed.
  ///
  /// - Parameter isPrivate: Whether the file is for its owner alone.
  package static func writeAtomically(
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
  package static func createDirectory(_ path: String) throws(FormatError) {
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
      throw FormatError("is a file; need a directory", file: path, kind: .cannotCreate)
    }
    errno = code
    throw failure("cannot create", path, .cannotCreate)
  }

  /// Refuses what is there, and no regular file, before it is opened for writing.
  ///
  /// - Throws: a `FormatError` that is `.cannotCreate`.
  package static func refuseOther(_ path: String) throws(FormatError) {
    guard exists(path), size(path) == nil else { return }
    let kind = isDirectory(path) ? "a directory" : "not a regular file"
    throw FormatError("is \(kind); need a file, or nothing there", file: path, kind: .cannotCreate)
  }

  /// Gives a file or directory another name, also one that is taken by a file, and synchronises the
  /// directory that holds it.
  package static func rename(_ path: String, to newPath: String) throws(FormatError) {
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
      throw FormatError("cannot remove it", file: path, kind: .inputOutput)
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
    guard FileSystemCalls.writeAll(bytes, to: descriptor) else {
      throw failure("cannot write", name, .inputOutput)
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
    try stage(for: path) { staging throws(FormatError) in
      for file in files { try writeNew(file.bytes, to: "\(staging)/\(file.name)") }
    } publish: { staging throws(FormatError) in
      try rename(staging, to: path)
    }
  }

  /// Makes a directory beside `path` for what is to stand there.
  ///
  /// `fill` puts files into it, it is synchronised, and `publish` gives it its name. On failure it is
  /// removed.
  package static func stage(
    for path: String, _ fill: (_ staging: String) throws(FormatError) -> Void,
    publish: (_ staging: String) throws(FormatError) -> Void
  ) throws(FormatError) {
    let staging = TemporaryName.path(for: path)
    if exists(staging) { try remove(staging) }
    do throws(FormatError) {
      try createDirectory(staging)
      try fill(staging)
      try synchronizeDirectory(staging)
      try publish(staging)
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
      throw FormatError("exists already (need a new directory)", file: path, kind: .cannotCreate)
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
}
