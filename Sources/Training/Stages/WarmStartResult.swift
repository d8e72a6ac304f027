public import Formats
internal import Recipes

/// How a warm start ended.
public struct WarmStartResult: Sendable, Equatable {
  /// The steps that were made.
  public var steps: Int
  /// The loss of the last step.
  public var loss: Double?
  /// Greedy accuracy on training questions when it was last measured; nil where it was not.
  public var accuracy: Double?
  /// The number of questions that `accuracy` was measured on.
  public var questions: Int?
  /// The accuracy that ends a warm start, `warm_start.until_accuracy`; nil where none does.
  public var goal: Double?
  /// What the log shows that the user should know.
  public var findings: [Finding] = []
}

extension WarmStartResult {
  /// What a warm start's log says; nil where there is none.
  ///
  /// - Parameter rows: Training questions that there are.
  init?(_ warmStart: Recipe.WarmStart, log lines: [JSONObject], rows: Int) {
    guard let last = lines.last, let steps = last["step"]?.natural else { return nil }
    let accuracy = lines.last { $0[.probedAccuracy] != nil }?[.probedAccuracy]?.double
    self.init(
      steps: steps, loss: last[.loss]?.double, accuracy: accuracy,
      questions: accuracy == nil ? nil : min(rows, WarmStart.probes),
      goal: warmStart.untilAccuracy,
      findings: [Finding.goalMissed(by: warmStart, lines)].compactMap(\.self))
  }

  /// The result as JSON, without its findings.
  public var encoded: JSONObject {
    var object: JSONObject = ["steps": .integer(steps), "loss": loss.map { .number($0) } ?? .null]
    if let accuracy { object["accuracy"] = .number(accuracy) }
    if let questions { object["questions"] = .integer(questions) }
    if let goal { object["until_accuracy"] = .number(goal) }
    return object
  }
}
