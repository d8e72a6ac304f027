public import Formats
import Foundation
import Synchronization

/// The checkpoints of a run: one directory a step, complete or not there at all.
///
///     step-000123.tmp-PID/   every file written and synchronised, MANIFEST.json last
///     step-000123/           the same, renamed, and the parent synchronised
///
/// There is no pointer to the latest one that could lie: it is the highest step whose manifest
/// verifies. The caller holds the run's lock.
public struct Checkpoints: Sendable {
  public let directory: String

  public init(directory: String) { self.directory = directory }

  /// Writes the checkpoint of `step`, replacing one that is there.
  ///
  /// - Throws: a `FormatError`, also where `state` holds a number that is not finite; what was there
  ///   before is then still there.
  public func write(
    step: Int, files: [(name: String, bytes: [UInt8])], state: JSON
  ) throws(FormatError) {
    precondition(step >= 0)
    let final = path(of: step)
    if let field = state.pathOfNonFinite {
      throw FormatError(
        file: final, field: "state" + field, message: "is not finite; not saved",
        kind: .notFinite)
    }
    let staging = TemporaryName.path(for: final)
    var names: Set<ByteKey> = []
    for file in files {
      guard Checkpoint.isFileName(file.name), names.insert(ByteKey(file.name)).inserted
      else {
        throw FormatError(
          file: final, field: file.name, message: "cannot be a checkpoint's file",
          kind: .cannotCreate)
      }
    }
    try Files.createDirectory(directory)
    if Files.exists(staging) { try Files.remove(staging) }
    do throws(FormatError) {
      try Files.createDirectory(staging)
      let digests = try Self.write(files, to: staging)
      let manifest: JSON = [
        "format_version": .integer(Checkpoint.formatVersion), "step": .integer(step),
        "files": .array(
          zip(files, digests).map { file, digest in
            [
              "name": .string(file.name), "bytes": .integer(digest.bytes),
              "sha256": .string(digest.sha256),
            ]
          }), "state": state,
      ]
      try Files.writeNew(
        manifest.encodedBytes(.pretty), to: "\(staging)/\(Checkpoint.manifestName)")
      try Files.synchronizeDirectory(staging)
      try publish(staging, as: final)
    } catch {
      // Best effort: the error that is thrown is the one that matters.
      try? Files.remove(staging)
      throw error
    }
    try Files.synchronizeDirectory(directory)
  }

  /// Writes the files, and hashes their bytes while the disk is busy with them.
  private static func write(
    _ files: [(name: String, bytes: [UInt8])], to folder: String
  ) throws(FormatError) -> [FileDigest] {
    let digests = Mutex<[FileDigest]>([])
    let fault = Mutex<FormatError?>(nil)
    DispatchQueue.concurrentPerform(iterations: 2) { part in
      if part == 0 {
        let found = files.map { FileDigest(of: $0.bytes) }
        digests.withLock { $0 = found }
        return
      }
      do throws(FormatError) {
        for file in files { try Files.writeNew(file.bytes, to: "\(folder)/\(file.name)") }
      } catch {
        fault.withLock { $0 = error }
      }
    }
    if let fault = fault.withLock({ $0 }) { throw fault }
    return digests.withLock { $0 }
  }

  /// There are checkpoints, and nothing can go on from any of them.
  public struct Unusable: Error {
    public let directory: String
    /// What is wrong with each, latest first.
    public let problems: [FormatError]
  }

  /// The checkpoint of the highest step that verifies and restores; nil when there is none at all.
  ///
  /// Later ones that do not are named in its `skipped`.
  ///
  /// - Parameter restore: Takes over what the checkpoint holds, and throws a `FormatError` where
  ///   that is not what it must be; then it is called with an earlier one.
  /// - Throws: `Unusable`; a `FormatError` when a checkpoint was written by a later build, since
  ///   going on from an older one would overwrite it; and other errors of `restore`.
  public func latest(
    restoring restore: (Checkpoint) async throws -> Void = { _ in }
  ) async throws -> Checkpoint? {
    var skipped: [FormatError] = []
    for step in try steps().reversed() {
      do {
        var checkpoint = try Checkpoint(listedAt: path(of: step), step: step)
        try checkpoint.verify()
        try await restore(checkpoint)
        checkpoint.skipped = skipped
        return checkpoint
      } catch let error as FormatError where error.kind != .unsupported {
        skipped.append(error)
      }
    }
    if skipped.isEmpty { return nil }
    throw Unusable(directory: directory, problems: skipped)
  }

  /// Removes all but the last `count` checkpoints that are whole, and returns the steps removed.
  ///
  /// At least one is kept, and so is everything later than the ones kept; when fewer than `count`
  /// are whole, nothing is removed. Their files were hashed as they were written and are not
  /// hashed again: it is the sizes that count.
  @discardableResult public func retain(_ count: Int) throws(FormatError) -> [Int] {
    var whole = 0
    var removed: [Int] = []
    for step in try steps().reversed() {
      if whole >= max(1, count) {
        // Renamed first, so that a half-removed one is never taken for a damaged one.
        let discarded = TemporaryName.path(for: path(of: step))
        try rename(path(of: step), discarded)
        try Files.remove(discarded)
        removed.append(step)
      } else if (try? Checkpoint(listedAt: path(of: step), step: step))?.isWhole == true {
        whole += 1
      }
    }
    if !removed.isEmpty { try Files.synchronizeDirectory(directory) }
    return removed.reversed()
  }

  /// The steps that have a directory, ascending; nothing is verified.
  public func steps() throws(FormatError) -> [Int] {
    try Files.names(in: directory).compactMap(Self.step(of:)).sorted()
  }

  private func publish(_ staging: String, as final: String) throws(FormatError) {
    guard Files.exists(final) else { return try rename(staging, final) }
    // A directory cannot be renamed onto one that is not empty, so the old one steps aside.
    let old = TemporaryName.pathAside(for: final)
    if Files.exists(old) { try Files.remove(old) }
    try rename(final, old)
    do throws(FormatError) {
      try rename(staging, final)
    } catch {
      _ = FileSystemCalls.rename(old, final)
      throw error
    }
    try Files.remove(old)
  }

  private func rename(_ old: String, _ new: String) throws(FormatError) {
    guard FileSystemCalls.rename(old, new) == 0 else {
      throw Files.failure("cannot rename", old, .cannotCreate)
    }
  }

  private func path(of step: Int) -> String { "\(directory)/\(Self.name(of: step))" }

  /// The step whose directory has this name.
  static func step(of name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
    return name == Self.name(of: step) ? step : nil
  }

  /// `step-000123`: six digits or more.
  static func name(of step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
  }
}
