/// Numbers of which nothing can be estimated: what is wrong with them, in one line.
public struct StatisticsError: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  /// Refuses a k of pass@k or maj@k that is no number of the samples.
  static func check(k: Int, samples: Int) throws(Self) {
    guard 1 <= k, k <= samples else {
      throw Self("k: no such number of the samples (got \(k); need 1 to \(samples))")
    }
  }
}
