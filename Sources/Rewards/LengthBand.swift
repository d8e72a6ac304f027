internal import Formats

/// 1 where a completion's length is in a band, falling to 0 outside.
///
///     reward = max(0, 1 − d/s),   d = how far the length n is outside of min…max, 0 within
///
/// With `slope` s 0 (the default) any length outside gets 0. Options: `unit` (`tokens`, the
/// default, with an end-of-sequence token; `words`, what white space separates; or `characters`,
/// Unicode scalars), `min` (default 0), `max` and `slope`. Needs no answer.
public struct LengthBand: PerCompletionReward, BuiltIn {
  /// What a length is counted in.
  public enum Unit: String, Sendable, CaseIterable {
    /// Token ids, an end-of-sequence id included.
    case tokens
    /// What white space separates.
    case words
    /// Unicode scalars.
    case characters
  }

  /// The name in recipes.
  public static let name = "length_band"
  static let summary = "1 where the completion's length is in a band, falling to 0 outside"
  static let example: JSONObject = ["max": 20, "slope": 10]

  /// The name in logs and messages.
  public let name: String
  private let unit: Unit
  private let band: ClosedRange<Double>
  private let slope: Double

  /// Creates the reward.
  ///
  /// - Precondition: neither `band` nor `slope` is negative, and `slope` is finite.
  public init(
    label: String = Self.name, unit: Unit = .tokens, band: ClosedRange<Double>, slope: Double = 0
  ) {
    precondition(band.lowerBound >= 0 && slope >= 0 && slope.isFinite)
    (name, self.unit, self.band, self.slope) = (label, unit, band, slope)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    let unit = try options.choice("unit", "what is counted", default: .tokens, of: Unit.allCases)
    let shortest = try options.number(
      "min", "the least length that scores 1", default: 0, in: 0...1e9)
    guard
      let longest = try options.number(
        "max", "the greatest length that scores 1", in: 0...1e9, isRequired: true)
    else {
      throw options.missing("max", need: "the greatest length")
    }
    guard shortest <= longest else {
      throw options.bad("min", problem: "got \(shortest); need at most max, \(longest)")
    }
    let slope = try options.number(
      "slope", "the distance from the band at which the score is 0", default: 0, in: 0...1e9)
    self.init(label: label, unit: unit, band: shortest...longest, slope: slope)
  }

  /// 0 to 1.
  public func score(_ completion: Completion) throws -> Double? {
    let length = Double(length(of: completion))
    let distance = max(band.lowerBound - length, length - band.upperBound, 0)
    if distance == 0 { return 1 }
    return slope > 0 ? max(0, 1 - distance / slope) : 0
  }

  private func length(of completion: Completion) -> Int {
    switch unit {
    case .tokens: completion.tokenIDs.count
    case .words: TextComparison.words(of: completion.text).count
    case .characters: completion.text.unicodeScalars.count
    }
  }
}
