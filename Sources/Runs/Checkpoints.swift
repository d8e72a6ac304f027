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
  /// The directory that holds a directory for each checkpoint.
  public let directory: String
  /// The id that their run must have; nil accepts those of every run.
  public let run: String?
  private let owner: RunLock?

  /// Names the checkpoints in a directory, which need not exist.
  ///
  /// - Parameter owner: The right to write the run, which is confirmed before anything is written.
  public init(directory: String, run: String? = nil, owner: RunLock? = nil) {
    (self.directory, self.run, self.owner) = (directory, run, owner)
  }

  /// Writes the checkpoint of `step`, replacing one that is there.
  ///
  /// - Throws: a `FormatError`, also where `state` holds a number that is not finite; an earlier
  ///   checkpoint of the step then stays.
  public func write(
    step: Int, files: [(name: String, bytes: [UInt8])], state: JSON
  ) throws(FormatError) {
    precondition(step >= 0)
    let final = path(of: step)
    if let field = state.pathOfNonFinite {
      throw FormatError(
        "is not finite; not saved", file: final, field: "state" + field, kind: .notFinite)
    }
    try owner?.confirm()
    var names: Set<ByteKey> = []
    for file in files {
      guard Checkpoint.isFileName(file.name), names.insert(ByteKey(file.name)).inserted
      else {
        throw FormatError(
          "cannot be a checkpoint's file", file: final, field: file.name, kind: .cannotCreate)
      }
    }
    try Files.createDirectory(directory)
    try Files.stage(for: final) { staging throws(FormatError) in
      let digests = try Self.write(files, to: staging)
      var manifest: JSONObject = [
        "format_version": .integer(Checkpoint.formatVersion), "step": .integer(step),
        "files": .array(
          zip(files, digests).map { file, digest in
            .object(JSONObject([("name", .string(file.name))] + digest.encoded.entries))
          }), "state": state,
      ]
      if let run { manifest["run"] = .string(run) }
      try Files.writeNew(
        JSON.object(manifest).encodedBytes(.pretty),
        to: "\(staging)/\(Checkpoint.manifestName)")
    } publish: { staging throws(FormatError) in
      try owner?.confirm()
      try publish(staging, as: final)
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

  /// There are checkpoints, but no run can resume from any of them.
  public struct Unusable: Error {
    /// The directory that holds the checkpoints.
    public let directory: String
    /// What is wrong with each, latest first.
    public let problems: [FormatError]
  }

  /// The checkpoint of the highest step that verifies and restores; nil where there is none at all.
  ///
  /// Its `skipped` says why later ones do not.
  ///
  /// - Parameter restore: Restores a run from the checkpoint. It throws a `FormatError` where the
  ///   content is not valid; then it is called with an earlier checkpoint.
  /// - Throws: `Unusable`; a `FormatError` when a checkpoint was written by a later version, since
  ///   resuming from an older one would overwrite it; and other errors of `restore`.
  public func latest(
    restoring restore: (Checkpoint) async throws -> Void = { _ in }
  ) async throws -> Checkpoint? {
    var skipped: [FormatError] = []
    for step in try steps().reversed() {
      do {
        var checkpoint = try Checkpoint(listedAt: path(of: step), step: step)
        guard isOwn(checkpoint) else {
          throw FormatError("belongs to another run", file: checkpoint.path)
        }
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

  private func isOwn(_ checkpoint: Checkpoint) -> Bool {
    guard let run else { return true }
    return checkpoint.run?.hasSameBytes(as: run) == true
  }

  /// Removes all but the last `count` checkpoints that are whole, and returns the steps removed.
  ///
  /// At least one is kept, and so is everything later than the ones kept; when fewer than `count`
  /// are whole, nothing is removed, and nothing of another run ever is. Their files were hashed as
  /// they were written and are not hashed again: it is the sizes that count.
  ///
  /// - Parameter last: The step that was saved last; later ones could not be gone on from, and do
  ///   not count.
  @discardableResult public func retain(
    _ count: Int, through last: Int = .max
  ) throws(FormatError) -> [Int] {
    var whole = 0
    var removed: [Int] = []
    try owner?.confirm()
    for step in try steps().reversed() where step <= last {
      let checkpoint = try? Checkpoint(listedAt: path(of: step), step: step)
      if let checkpoint, !isOwn(checkpoint) { continue }
      if whole >= max(1, count) {
        // Renamed first, so that a half-removed one is never taken for a damaged one.
        let discarded = TemporaryName.path(for: path(of: step))
        try rename(path(of: step), discarded)
        try Files.remove(discarded)
        removed.append(step)
      } else if checkpoint?.isWhole == true {
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

  /// The last step with a checkpoint of this run, or with one whose manifest is damaged; nil for
  /// none.
  public func lastStep() throws(FormatError) -> Int? {
    for step in try steps().reversed() {
      guard let checkpoint = try? Checkpoint(listedAt: path(of: step), step: step),
        !isOwn(checkpoint)
      else { return step }
    }
    return nil
  }

  /// The id of the run that the last one with a manifest is of.
  package func lastRun() throws(FormatError) -> String? {
    for step in try steps().reversed() {
      if let last = try? Checkpoint(listedAt: path(of: step), step: step) { return last.run }
    }
    return nil
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

  func path(of step: Int) -> String { "\(directory)/\(Self.name(of: step))" }

  /// The step whose directory has this name.
  static func step(of name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
    return name == Self.name(of: step) ? step : nil
  }

  /// `step-000123`: six digits or more.
  static func name(of step: Int) -> String { "step-" + step.digits(6) }
}
