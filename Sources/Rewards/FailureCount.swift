/// How many of some scores failed, and why the first of them did.
public struct FailureCount: Sendable, Equatable {
  /// Scores that failed.
  public private(set) var failed = 0
  /// All scores, failed ones included.
  public private(set) var count = 0
  /// Why the first of them failed, in one line; nil where none did.
  public private(set) var reason: String?

  /// Creates a count of nothing.
  public init() {}

  /// Whether more than a tenth failed; then training stops, and evaluation reports no figures.
  public var areMany: Bool { failed * 10 > count }

  /// Adds scores, each by the reason why it failed; nil where it did not.
  public mutating func add(_ reasons: [String?]) {
    let found = reasons.compactMap(\.self)
    (failed, count, reason) = (failed + found.count, count + reasons.count, reason ?? found.first)
  }

  /// The counts and the reason in one line: `3 of 8 scores failed: timeout`.
  ///
  /// - Parameter things: What was to be scored, in the plural.
  public func inWords(_ things: String) -> String {
    "\(failed) of \(count) \(things) failed: \(reason ?? "no reason given")"
  }
}
