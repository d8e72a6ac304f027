public import Formats
import Foundation

/// The right to write a run, held until `release()` or the end of the process.
///
/// It is an exclusive `flock` on the run's file `lock`, which holds the owner's process id. The
/// system drops it when the process ends in whatever way; the file itself stays.
public final class RunLock: Sendable {
  private let run: RunDirectory
  private let descriptor: Int32

  init(run: RunDirectory) throws(FormatError) {
    let file = run.lockFile
    try Files.refuseOther(file)
    let descriptor = FileSystemCalls.open(file, O_RDWR | O_CREAT)
    guard descriptor >= 0 else { throw Files.failure("cannot create", file, .cannotCreate) }
    (self.run, self.descriptor) = (run, descriptor)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      guard errno == EWOULDBLOCK else { throw Files.failure("cannot lock", file, .cannotCreate) }
      let owner = try Files.read(file, maximumBytes: 64)
      let digits = String(decoding: owner.prefix { (0x30...0x39).contains($0) }, as: UTF8.self)
      throw FormatError(
        file: run.path, message: "is being written by process \(digits)", kind: .cannotCreate)
    }
    guard ftruncate(descriptor, 0) == 0 else {
      throw Files.failure("cannot write", file, .inputOutput)
    }
    try Files.write(Array("\(getpid())\n".utf8), to: descriptor, named: file)
  }

  /// Removes what processes that died while writing have left in the run, and returns their paths
  /// within it.
  ///
  /// The lock is what says that they are dead. A checkpoint that stood aside for its replacement,
  /// which then never came, is put back.
  public func removeLeftovers() throws(FormatError) -> [String] {
    var removed: [String] = []
    for place in try run.leftovers() {
      let path = "\(run.path)/\(place)"
      if let name = TemporaryName(path), name.standsAside, !Files.exists(name.final) {
        try Files.rename(path, to: name.final)
      } else {
        try Files.remove(path)
        removed.append(place)
      }
    }
    return removed
  }

  deinit {
    // Closing would not end it while a process that is being started still has a copy.
    release()
    close(descriptor)
  }

  /// Ends the lock now; what is called later has no effect.
  public func release() { _ = flock(descriptor, LOCK_UN) }
}
