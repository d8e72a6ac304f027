/// How many of some scores failed, and why the first of them did.
public struct FailureCount: Sendable, Equatable {
  public private(set) var failed = 0
  /// All that were to be scored.
  public private(set) var count = 0
  /// In one line; nil where none failed.
  public private(set) var reason: String?

  public init() {}

  /// Whether more than a tenth failed: no run goes on from that, and no figure rests on it.
  public var areMany: Bool { failed * 10 > count }

  /// Adds scores, each by the reason why it failed; nil where it did not.
  public mutating func add(_ reasons: [String?]) {
    let found = reasons.compactMap(\.self)
    (failed, count, reason) = (failed + found.count, count + reasons.count, reason ?? found.first)
  }

  /// Of how many of `things` they are, and why.
  public func inWords(_ things: String) -> String {
    "\(failed) of \(count) \(things) failed: \(reason ?? "no reason given")"
  }
}
