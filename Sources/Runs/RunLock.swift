public import Formats
import Foundation

/// The right to write a run, held until `release()` or the end of the process.
///
/// It is an exclusive `flock` on the run's file `lock`, which holds the owner's process id. The
/// system drops it when the process ends in whatever way; the file itself stays.
///
/// Somebody may move or remove that file, or the directory with it, and begin another run there,
/// which the system's lock does not hinder. So whoever writes asks before whether it `confirm()`s.
public final class RunLock: Sendable {
  private let run: RunDirectory
  private let descriptor: Int32
  private let file: Files.Identity?

  init(run: RunDirectory) throws(FormatError) {
    let file = run.lockFile
    try Files.refuseOther(file)
    let descriptor = FileSystemCalls.open(file, O_RDWR | O_CREAT)
    guard descriptor >= 0 else { throw Files.failure("cannot create", file, .cannotCreate) }
    (self.run, self.descriptor, self.file) = (run, descriptor, Files.identity(of: descriptor))
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      guard errno == EWOULDBLOCK else { throw Files.failure("cannot lock", file, .cannotCreate) }
      let owner = try Files.read(file, maximumBytes: 64)
      let digits = String(decoding: owner.prefix { (0x30...0x39).contains($0) }, as: UTF8.self)
      throw FormatError(
        "is being written by process \(digits)", file: run.path, kind: .cannotCreate)
    }
    guard ftruncate(descriptor, 0) == 0 else {
      throw Files.failure("cannot write", file, .inputOutput)
    }
    try Files.write(Array("\(getpid())\n".utf8), to: descriptor, named: file)
    try confirm()
  }

  /// Confirms that the run's path still leads to the same directory and lock file.
  ///
  /// - Throws: a `FormatError` that is `.replaced` where it does not.
  public func confirm() throws(FormatError) {
    guard let file, Files.identity(of: run.lockFile) == file else {
      throw FormatError(
        "was moved, removed or replaced during the run, or its file lock was; nothing "
          + "more is written", file: run.path, kind: .replaced)
    }
  }

  /// Removes what processes that died while writing have left in the run, and returns their paths
  /// within it.
  ///
  /// The lock is what says that they are dead. A checkpoint that stood aside for its replacement,
  /// which then never came, is put back.
  public func removeLeftovers() throws(FormatError) -> [String] {
    try confirm()
    var removed: [String] = []
    for name in try run.leftovers() {
      let path = "\(run.path)/\(name)"
      if let name = TemporaryName(path), name.standsAside, !Files.exists(name.final) {
        try Files.rename(path, to: name.final)
      } else {
        try Files.remove(path)
        removed.append(name)
      }
    }
    return removed
  }

  deinit {
    // Closing would not end it while a process that is being started still has a copy.
    release()
    close(descriptor)
  }

  /// Releases the lock now; calling it again has no effect.
  public func release() { _ = flock(descriptor, LOCK_UN) }
}
