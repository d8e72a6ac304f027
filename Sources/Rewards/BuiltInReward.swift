public import Formats

/// The rewards that a recipe can ask for by name.
public enum BuiltInReward {
  /// Every name, in the order in which messages list them.
  public static let names = [
    ExactMatch.name, NumericMatch.name, ContainsText.name, RegularExpressionMatch.name,
    ThinkAnswerFormat.name, GSM8KAnswer.name, StepMatch.name, Countdown.name, LengthBand.name,
    RepetitionPenalty.name, SoftOverlongPunishment.name,
  ]

  /// The built-in reward `name`, set up with the options of a recipe.
  ///
  /// - Parameters:
  ///   - options: without the keys that every reward may have (`name`, `weight`).
  ///   - label: the name in logs, where it is to be another than `name`.
  /// - Throws: `RewardError.unknownReward`, `.unknownOption` (both with the nearest name) or
  ///   `.badOption`.
  public static func named(
    _ name: String, options: JSONObject = [:], label: String? = nil
  ) throws(RewardError) -> any PerCompletionReward {
    let label = label ?? name
    var options = RewardOptions(options, of: name)
    let reward: any PerCompletionReward
    switch ByteKey(name) {
    case ByteKey(ExactMatch.name): reward = try ExactMatch(options: &options, label: label)
    case ByteKey(NumericMatch.name): reward = try NumericMatch(options: &options, label: label)
    case ByteKey(ContainsText.name): reward = try ContainsText(options: &options, label: label)
    case ByteKey(RegularExpressionMatch.name):
      reward = try RegularExpressionMatch(options: &options, label: label)
    case ByteKey(ThinkAnswerFormat.name):
      reward = try ThinkAnswerFormat(options: &options, label: label)
    case ByteKey(GSM8KAnswer.name): reward = try GSM8KAnswer(options: &options, label: label)
    case ByteKey(StepMatch.name): reward = try StepMatch(options: &options, label: label)
    case ByteKey(Countdown.name): reward = try Countdown(options: &options, label: label)
    case ByteKey(LengthBand.name): reward = try LengthBand(options: &options, label: label)
    case ByteKey(RepetitionPenalty.name):
      reward = try RepetitionPenalty(options: &options, label: label)
    case ByteKey(SoftOverlongPunishment.name):
      reward = try SoftOverlongPunishment(options: &options, label: label)
    default:
      throw .unknownReward(name: name, suggestion: Spelling.closest(to: name, among: names))
    }
    try options.refuseUnknown()
    return reward
  }
}

extension Completion {
  /// The expected answer without white space at its ends, for scores that cannot do without: a missing
  /// or empty one fails them.
  func trimmedAnswer() throws(ScoreFailure) -> String {
    guard let answer else { throw ScoreFailure("the dataset row has no answer") }
    let text = answer.trimmingWhiteSpace
    // An empty completion would be right.
    guard !text.isEmpty else { throw ScoreFailure("the answer is empty") }
    return text
  }
}
