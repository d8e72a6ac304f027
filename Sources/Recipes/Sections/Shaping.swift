internal import PolicyOptimization
internal import Rewards

extension Recipe {
  /// What is added to a completion's rewards.
  public struct Shaping: Sendable, Equatable {
    /// Weight of a penalty of −1 at most for completions that come near the length limit:
    /// `overlong_penalty`.
    public var overlongPenalty = 0.0
    /// Tokens before the limit over which it rises from 0: `overlong_buffer`.
    ///
    /// By default a fifth of `max_completion_length`, DAPO's share.
    public var overlongBuffer: Int?
    /// Weight of log π_old − log π_ref as a cost of each token: `reward_kl_coef`.
    ///
    /// The KL divergence from the reference policy in the reward, where PPO and RLOO have it.
    public var klCoefficient = 0.0
    /// A cost of each token: `token_cost`.
    public var tokenCost = 0.0

    /// Creates a shaping that adds nothing.
    public init() {}
  }
}

extension Recipe.Shaping {
  mutating func declare(_ fields: Fields, maxCompletionTokens: Int) {
    fields(
      "overlong_penalty", &overlongPenalty, .number(0...1000),
      "The weight of DAPO's soft overlong punishment: −1 at most for completions that come near "
        + "max_completion_length.")
    if fields.isReading, overlongPenalty > 0 {
      overlongBuffer = overlongBuffer ?? max(1, maxCompletionTokens / 5)
    }
    fields(
      "overlong_buffer", &overlongBuffer, .integer(1...65534),
      "Tokens before the limit over which the punishment grows from 0 to −1.",
      default: "a fifth of max_completion_length",
      when: .key("overlong_penalty", overlongPenalty, above: 0))
    fields(
      "reward_kl_coef", &klCoefficient, .number(0...100),
      "The weight of log π_old − log π_ref as a cost of each token: the KL divergence from the "
        + "reference policy in the reward, as in PPO and RLOO.", also: ["kl_coef"])
    fields("token_cost", &tokenCost, .number(-100...100), "A cost of each token.")
  }

  /// nil where nothing is added.
  func rewards(maxCompletionTokens limit: Int) -> RewardShaping? {
    if klCoefficient == 0, tokenCost == 0, overlongPenalty == 0 { return nil }
    let (weight, buffer) = (overlongPenalty, overlongBuffer ?? 0)
    return RewardShaping(klCoefficient: klCoefficient, tokenCost: tokenCost) { tokens in
      SoftOverlongPunishment.reward(
        ofTokens: tokens, longest: limit, buffer: buffer, weight: weight)
    }
  }

  /// Leaves out what is added unless its key `isKept`.
  mutating func dropUnless(_ isKept: (_ key: String) -> Bool) {
    if overlongPenalty != 0, !isKept("overlong_penalty") { overlongPenalty = 0 }
    if klCoefficient != 0, !isKept("reward_kl_coef") { klCoefficient = 0 }
    if tokenCost != 0, !isKept("token_cost") { tokenCost = 0 }
  }
}
