import Formats
import Foundation

/// The right to write a run, held until `release()` or the end of the process.
///
/// It is an exclusive `flock` on the run's file `lock`, which holds the owner's process id. The
/// system drops it when the process ends in whatever way; the file itself stays.
public final class RunLock: Sendable {
  private let descriptor: Int32

  init(run: RunDirectory) throws(FormatError) {
    let file = run.lockFile
    let descriptor = FileSystemCalls.open(file, O_RDWR | O_CREAT)
    guard descriptor >= 0 else { throw Files.failure("cannot create", file, .cannotCreate) }
    self.descriptor = descriptor
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

  deinit { close(descriptor) }

  /// Ends the lock now; what is called later has no effect.
  public func release() { _ = flock(descriptor, LOCK_UN) }
}
