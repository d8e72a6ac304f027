public import Formats
import Foundation

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
  /// - Throws: a `FormatError`; what was there before is then still there.
  public func write(
    step: Int, files: [(name: String, bytes: [UInt8])], state: JSON
  ) throws(FormatError) {
    precondition(step >= 0)
    let final = path(of: step)
    let staging = "\(final).tmp-\(getpid())"
    var entries: [JSON] = []
    var names: Set<ByteKey> = []
    for file in files {
      guard Checkpoint.isFileName(file.name), names.insert(ByteKey(file.name)).inserted
      else {
        throw FormatError(
          file: final, field: file.name, message: "cannot be a checkpoint's file",
          kind: .cannotCreate)
      }
      entries.append([
        "name": .string(file.name), "bytes": .integer(file.bytes.count),
        "sha256": .string(SHA256.hash(file.bytes)),
      ])
    }
    let manifest: JSON = [
      "format_version": .integer(Checkpoint.formatVersion), "step": .integer(step),
      "files": .array(entries), "state": state,
    ]
    try Files.createDirectory(directory)
    if Files.exists(staging) { try Files.remove(staging) }
    do throws(FormatError) {
      try Files.createDirectory(staging)
      for file in files { try Files.writeNew(file.bytes, to: "\(staging)/\(file.name)") }
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

  /// The checkpoint of the highest step that verifies; nil when there is none at all.
  ///
  /// Later ones that do not verify are named in its `skipped`.
  ///
  /// - Throws: a `FormatError` when there are checkpoints, but none verifies, and when one was
  ///   written by a later build, since going on from an older one would overwrite it.
  public func latest() throws(FormatError) -> Checkpoint? {
    var skipped: [FormatError] = []
    for step in try steps().reversed() {
      do throws(FormatError) {
        var checkpoint = try Checkpoint(verifying: path(of: step), step: step)
        checkpoint.skipped = skipped
        return checkpoint
      } catch {
        if error.kind == .unsupported { throw error }
        skipped.append(error)
      }
    }
    guard var first = skipped.first else { return nil }
    first.message += " (no checkpoint is usable)"
    first.others = Array(skipped.dropFirst().prefix(19))
    throw first
  }

  /// Removes all but the last `count` checkpoints that verify, and returns the steps removed.
  ///
  /// At least one that verifies is kept, and so is everything later than the ones kept; when
  /// fewer than `count` verify, nothing is removed.
  @discardableResult public func retain(_ count: Int) throws(FormatError) -> [Int] {
    var verified = 0
    var removed: [Int] = []
    for step in try steps().reversed() {
      if verified >= max(1, count) {
        // Renamed first, so that a half-removed one is never taken for a damaged one.
        let discarded = "\(path(of: step)).tmp-\(getpid())"
        try rename(path(of: step), discarded)
        try Files.remove(discarded)
        removed.append(step)
      } else if (try? Checkpoint(verifying: path(of: step), step: step)) != nil {
        verified += 1
      }
    }
    if !removed.isEmpty { try Files.synchronizeDirectory(directory) }
    return removed.reversed()
  }

  /// Removes what processes that died while writing have left, and returns the names removed.
  ///
  /// What bears this process's own id was left by an earlier process of the same id. A checkpoint
  /// that stood aside for its replacement, which then never came, is put back. Call this before
  /// `latest()`.
  public func removeStale() throws(FormatError) -> [String] {
    var removed: [String] = []
    for name in try Files.names(in: directory) {
      guard name.hasPrefix("step-"), let mark = name.range(of: ".tmp-"),
        let process = Int32(name[mark.upperBound...].prefix { $0 != "-" }), process > 0
      else { continue }
      let isAlive = kill(process, 0) == 0 || errno == EPERM
      if isAlive && process != getpid() { continue }
      let final = "\(directory)/\(name[..<mark.lowerBound])"
      if name.hasSuffix("-old"), !Files.exists(final) {
        try rename("\(directory)/\(name)", final)
        continue
      }
      try Files.remove("\(directory)/\(name)")
      removed.append(name)
    }
    return removed
  }

  /// The steps that have a directory, ascending; nothing is verified.
  public func steps() throws(FormatError) -> [Int] {
    try Files.names(in: directory).compactMap { name in
      guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
      return name == Self.name(of: step) ? step : nil
    }.sorted()
  }

  private func publish(_ staging: String, as final: String) throws(FormatError) {
    guard Files.exists(final) else { return try rename(staging, final) }
    // A directory cannot be renamed onto one that is not empty, so the old one steps aside.
    let old = "\(final).tmp-\(getpid())-old"
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

  /// `step-000123`: six digits or more.
  static func name(of step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
  }
}
