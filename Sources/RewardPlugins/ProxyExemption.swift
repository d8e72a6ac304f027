internal import Formats
internal import Foundation
internal import Glibc
internal import Synchronization

/// Hosts that are asked without a proxy.
///
/// libcurl, which URLSession is made of here, takes a proxy from `http_proxy` and its like, and
/// URLSession has no way to forbid that but the variable `no_proxy`.
enum ProxyExemption {
  private static let lock = Mutex(())

  /// Whether `host` is asked without a proxy where `exempt` is: it is the same, or lies within it.
  static func covers(_ host: String, _ exempt: String) -> Bool {
    let (host, exempt) = (host.lowercased(), exempt.lowercased())
    return host.hasSameBytes(as: exempt)
      || Array(host.utf8).suffix(exempt.utf8.count + 1)
        .elementsEqual(".\(exempt)".utf8)
  }

  static func add(_ hosts: [String]) {
    lock.withLock { _ in
      let environment = ProcessInfo.processInfo.environment
      let present = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
      var exempt = present.split(separator: ",").map { String($0) }
      let further = hosts.filter { !exempt.contains($0) && !exempt.contains("*") }
      if further.isEmpty { return }
      exempt += further
      // SAFETY: both texts end with NUL and are copied by the call.
      unsafe setenv("no_proxy", exempt.joined(separator: ","), 1)
    }
  }
}
