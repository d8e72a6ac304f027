internal import Formats
internal import Glibc

/// How much of what a child wrote is still in the pipe.
///
/// The child's end is found under /proc and opened anew, for reading; the child must not have had
/// the time to put something else in its place.
final class UnreadOutput: Sendable {
  private let descriptor: Int32

  init(of process: pid_t) {
    descriptor = FileSystemCalls.open("/proc/\(process)/fd/1", O_RDONLY | O_NONBLOCK)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Bytes; 0 where the pipe could not be had.
  var count: Int32 {
    var count: Int32 = 0
    // SAFETY: the call writes one number, into the one that it is given.
    return unsafe ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? count : 0
  }
}
