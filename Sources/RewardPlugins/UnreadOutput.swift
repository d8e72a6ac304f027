internal import Formats
internal import Foundation
internal import Synchronization

/// How much of what a child wrote is still in the pipe.
///
/// The child's end is found under /proc and opened anew, for reading. Something else may stand in its
/// place, for good or for a moment: a shell puts a file there while `echo $$ >pid` runs, and what is in
/// a file is never taken out; a bridge puts standard error there, so that nothing which prints disturbs
/// it. So only a pipe is taken of which this process has an end and that is not standard error's; until
/// there is one it is looked for again.
package final class UnreadOutput: Sendable {
  private let process: Int32
  private let descriptor: Mutex<Int32>

  package init(of process: Int32) {
    self.process = process
    descriptor = Mutex(Self.pipe(of: process) ?? -1)
  }

  deinit { descriptor.withLock { if $0 >= 0 { close($0) } } }

  /// Bytes; 0 where the pipe cannot be had.
  package var count: Int32 {
    descriptor.withLock { descriptor in
      if descriptor < 0 { descriptor = Self.pipe(of: process) ?? -1 }
      var count: Int32 = 0
      // SAFETY: the call writes one number, into the one that it is given.
      return unsafe ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? count : 0
    }
  }

  private static func pipe(of process: Int32) -> Int32? {
    let path = "/proc/\(process)/fd/1"
    func target(_ link: String) -> String? {
      try? FileManager.default.destinationOfSymbolicLink(atPath: link)
    }
    let own = "/proc/self/fd/"
    guard let pipe = target(path), pipe.hasPrefix("pipe:"), pipe != target("/proc/\(process)/fd/2"),
      let descriptors = try? FileManager.default.contentsOfDirectory(atPath: own),
      descriptors.contains(where: { target(own + $0) == pipe })
    else { return nil }
    let opened = FileSystemCalls.open(path, O_RDONLY | O_NONBLOCK)
    if opened >= 0, target(own + "\(opened)") == pipe { return opened }
    if opened >= 0 { close(opened) }
    return nil
  }
}
