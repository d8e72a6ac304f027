internal import Glibc

/// A pipe of this process that nobody writes to: its reader sees it end when this process ends,
/// however that comes about.
///
/// Children find the reading end under /proc and open it anew. The writing end is closed when a
/// child starts its program, so this process alone holds it.
enum Lifeline {
  /// The reading end; nil where there is none to be had.
  static let path: String? = {
    var ends: [Int32] = [-1, -1]
    // SAFETY: the array has room for the two numbers that are written.
    guard unsafe pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
      return nil
    }
    return "/proc/\(getpid())/fd/\(ends[0])"
  }()
}
