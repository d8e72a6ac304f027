internal import Foundation

/// The memory that this process can get.
package enum MachineMemory {
  /// Bytes that the system has available, within the limits that are set for this process; nil where
  /// it does not say.
  package static var available: Int? {
    ([free, addressSpace].compactMap(\.self) + controlGroups).min()
  }

  /// Bytes that this process has in memory; 0 where the system does not say.
  package static var resident: Int {
    let pages = text("/proc/self/statm").split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return (pages ?? 0) * Int(getpagesize())
  }

  /// A number of bytes for a message.
  package static func gibibytes(_ bytes: Double) -> String {
    "\((bytes / Double(1 << 30) * 10).rounded() / 10) GiB"
  }

  /// `MemAvailable` and `SwapFree` of `/proc/meminfo`, which count in KiB.
  private static var free: Int? {
    var sum: Int?
    for line in text("/proc/meminfo").split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count >= 2, ["MemAvailable:", "SwapFree:"].contains(parts[0]),
        let count = Int(parts[1])
      else { continue }
      sum = (sum ?? 0) + count << 10
    }
    return sum
  }

  /// `ulimit -v`.
  private static var addressSpace: Int? {
    var limit = rlimit()
    // SAFETY: the call writes one limit, into the one that it is given.
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
    return Int(exactly: limit.rlim_cur)
  }

  /// The limits of the control groups that the process is in, of either version.
  private static var controlGroups: [Int] {
    var limits: [Int] = []
    for line in text("/proc/self/cgroup").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[1].isEmpty || parts[1] == "memory" else { continue }
      let (root, file) =
        parts[1].isEmpty
        ? ("/sys/fs/cgroup", "memory.max")
        : ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
      var names = parts[2].split(separator: "/")
      repeat {
        let path = ([root] + names.map(String.init) + [file]).joined(separator: "/")
        if let limit = Int(text(path).prefix { $0.isNumber }) { limits.append(limit) }
      } while names.popLast() != nil
    }
    return limits
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}
