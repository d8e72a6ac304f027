internal import Formats

/// Punishes a completion that comes near the length limit, before the limit cuts it off.
///
///     reward = 0                        |o| ≤ L − B
///              w·((L − B) − |o|) / B    L − B < |o| ≤ L
///              −w                       L < |o|
///
/// Yu et al. 2025 (DAPO), eq. 13 (<https://arxiv.org/abs/2503.14476>), with |o| in tokens, an
/// end-of-sequence token included; TRL's `get_soft_overlong_punishment`. Options: `max_length` L
/// and `buffer` B, both without a default; w is 1. Needs no answer. `train.overlong_penalty` is w
/// of the same slope as a part of an algorithm.
public struct SoftOverlongPunishment: PerCompletionReward, BuiltIn {
  /// The name in recipes.
  public static let name = "soft_overlong"
  static let summary = "0 to -1: punishes a completion that comes near the length limit"
  static let example: JSONObject = ["max_length": 256, "buffer": 50]

  /// The name in logs and messages.
  public let name: String
  private let longest: Int
  private let buffer: Int

  /// Creates the reward with L = `longest` and B = `buffer`, both in tokens.
  ///
  /// - Precondition: `buffer` is 1 to `longest`.
  public init(label: String = Self.name, longest: Int, buffer: Int) {
    precondition((1...max(1, longest)).contains(buffer))
    (name, self.longest, self.buffer) = (label, longest, buffer)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    guard
      let longest = try options.integer(
        "max_length", "the most tokens of a completion", in: 1...1_000_000, isRequired: true)
    else {
      throw options.missing("max_length", need: "the most tokens of a completion")
    }
    guard
      let buffer = try options.integer(
        "buffer", "tokens before it, at most max_length, over which the score falls to -1",
        in: 1...1_000_000, isRequired: true)
    else {
      throw options.missing(
        "buffer", need: "the number of tokens before max_length over which the punishment grows")
    }
    guard buffer <= longest else {
      throw options.bad("buffer", problem: "got \(buffer); need a whole number, 1 to \(longest)")
    }
    self.init(label: label, longest: longest, buffer: buffer)
  }

  /// −1 to 0.
  public func score(_ completion: Completion) throws -> Double? {
    Self.reward(ofTokens: completion.tokenIDs.count, longest: longest, buffer: buffer)
  }

  /// The formula, with w > 0.
  package static func reward(
    ofTokens count: Int, longest: Int, buffer: Int, weight: Double = 1
  ) -> Double {
    let over = count - (longest - buffer)
    return over <= 0 ? 0 : over > buffer ? -weight : -weight * Double(over) / Double(buffer)
  }
}
