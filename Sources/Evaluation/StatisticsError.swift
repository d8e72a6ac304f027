/// Says why nothing can be estimated from some numbers.
public struct StatisticsError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, in one line.
  public let description: String

  init(_ description: String) { self.description = description }

  /// Refuses a k of pass@k or maj@k that is no number of the samples.
  static func check(k: Int, samples: Int) throws(Self) {
    guard 1 <= k, k <= samples else {
      throw Self("k: is out of range (got \(k); need 1 to \(samples))")
    }
  }
}
