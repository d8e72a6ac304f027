import Formats
import Rewards
import Testing

@Suite struct SoftOverlongPunishmentTests {
  @Test(arguments: [
    (0, 0.0), (80, 0), (81, -0.05), (90, -0.5), (99, -0.95), (100, -1), (101, -1), (1000, -1),
  ])
  func theSlopeBeginsABufferBeforeTheLimit(tokens: Int, score: Double) throws {
    let reward = try BuiltInReward.named(
      "soft_overlong", options: ["max_length": 100, "buffer": 20])
    #expect(try reward.score(.of("", tokens: tokens)) == score)
  }

  private static let wrong: [(options: JSONObject, named: String)] = [
    ([:], "max_length"), (["max_length": 0, "buffer": 1], "max_length"),
    (["max_length": 10], "buffer"), (["max_length": 10, "buffer": 11], "buffer"),
    (["max_length": 10.5, "buffer": 2], "max_length"),
  ]

  @Test(arguments: wrong)
  func bothLengthsAreNeeded(options: JSONObject, named: String) {
    #expect {
      _ = try BuiltInReward.named("soft_overlong", options: options)
    } throws: { error in
      if case .badOption("soft_overlong", named, _)? = error as? RewardError { true } else { false }
    }
  }
}
