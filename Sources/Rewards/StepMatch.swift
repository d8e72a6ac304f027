internal import Formats

/// Rewards each step of a worked solution that is right, where it ends: process supervision.
///
///     reward = Σ_j 1/n · [step j of the completion is step j of the row's working]
///
/// The steps of completion and working (`column`, of n steps) are what stands between `separator`s,
/// and are compared exactly after trimming white space. Each step of the completion has an entry in
/// the stream, at the token that holds its last byte: 1/n where it is right and 0 where it is not,
/// so that `ProcessAdvantage` sees them all. Where n times 1/n is not 1 by rounding, the last step
/// has what the others leave of 1. Options: `column` (`steps`), `separator` (`,`).
///
/// Edge cases: a row without the column is not scored, and neither is the working of test rows that
/// have none. Steps after the nth are wrong. An empty completion has no step. Steps that end at one
/// token add up there.
public struct StepMatch: PerCompletionReward, AnswerComparing, BuiltIn {
  /// The name in recipes.
  public static let name = "step_match"
  static let summary = "rewards each correct solution step, at its last token"
  static let example: JSONObject = ["column": "steps", "separator": ","]

  /// The name in logs and messages.
  public let name: String
  private let column: String
  private let separator: String

  /// Creates the reward.
  ///
  /// - Precondition: `separator` is not empty.
  public init(label: String = Self.name, column: String = "steps", separator: String = ",") {
    precondition(!separator.isEmpty)
    (name, self.column, self.separator) = (label, column, separator)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    let column = try options.string(
      "column", "the column with the solution steps", default: "steps")
    let separator = try options.string("separator", "the text between steps", default: ",")
    if separator.isEmpty { throw options.missing("separator", need: "a text between steps") }
    self.init(label: label, column: column, separator: separator)
  }

  /// The sum over all steps, 0 to 1; nil for a row without a working.
  public func score(_ completion: Completion) throws -> Double? {
    try rewards(completion)?.reduce(0) { $0 + $1.reward }
  }

  /// One stream for each completion, with an entry at the end of each step.
  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    RewardResponse(scoring: request.completions) { completion in
      guard let rewards = try rewards(completion) else { return .notApplicable }
      return try completion.score(of: rewards)
    }
  }

  /// The fault of a row whose working is neither text nor number.
  public func fault(in row: Completion) -> RowFault? {
    guard let value = row.columns[column], !value.isNull, value.text == nil else { return nil }
    return RowFault(
      column: column, option: "column", "got \(value.kindInWords); need a text or a number")
  }

  /// The steps that are compared; of an empty completion, and for a row without a working, none.
  public func answer(of completion: Completion) -> ComparedAnswer? {
    guard let working = completion.columns[column]?.text, !completion.text.isEmpty,
      !working.trimmingWhiteSpace.isEmpty
    else { return nil }
    let steps = steps(of: completion.text).prefix(steps(of: working).count)
    let text = steps.joined(separator: separator)
    return ComparedAnswer(text, canonical: text)
  }

  private func steps(of text: String) -> [String] {
    text.split(bytes: separator).map(\.trimmingWhiteSpace)
  }

  /// Each step's reward, and where it ends in the text; nil for a row without a working.
  private func rewards(_ completion: Completion) throws -> [(end: Int, reward: Double)]? {
    guard let value = completion.columns[column], !value.isNull else { return nil }
    guard let working = value.text else {
      throw ScoreFailure("the column \(column.quotedForMessage()) is neither text nor number")
    }
    if working.trimmingWhiteSpace.isEmpty { return nil }
    if completion.text.isEmpty { return [] }
    let expected = steps(of: working)
    var end = -separator.utf8.count
    return completion.text.split(bytes: separator).enumerated().map { index, part in
      end += separator.utf8.count + part.utf8.count
      let isRight =
        index < expected.count && part.trimmingWhiteSpace.hasSameBytes(as: expected[index])
      return (max(1, end), isRight ? Self.share(of: index, among: expected.count) : 0)
    }
  }

  /// What a step is worth: 1/n, and the last one what makes all of them add up to 1 exactly.
  private static func share(of step: Int, among count: Int) -> Double {
    let share = 1 / Double(count)
    guard step == count - 1 else { return share }
    let others = (0..<step).reduce(0.0) { sum, _ in sum + share }
    // The difference is exact, as others lies between 1/2 and 2, or is 0.
    return others + share == 1 ? share : 1 - others
  }
}
