import Formats
import PolicyOptimization
import Training

/// What `grpo reward train` says of the model it made.
struct RewardModelReport {
  private let result: RewardModelFitting.Result
  private let output: String

  init(_ result: RewardModelFitting.Result, output: String) {
    (self.result, self.output) = (result, output)
  }

  func write(json: Bool) throws {
    try StandardOutput.write(
      line: json ? JSON.object(encoded).encoded() : lines.joined(separator: "\n"))
  }

  private var lines: [String] {
    var table = TextTable()
    table.append(title: ["\(Figures.count(result.testCount)) held-out lines", "before", "after"])
    switch (result.before, result.after) {
    case (.comparisons(let before), .comparisons(let after)):
      table.append([
        "accuracy, %", Figures.percent(before.accuracy), Figures.percent(after.accuracy),
      ])
      table.append([
        "calibration error", Figures.short(before.calibrationError),
        Figures.short(after.calibrationError),
      ])
      table.append(["mean gap", Figures.short(before.gap), Figures.short(after.gap)])
    case (.scores(let before, let deviation), .scores(let after, _)):
      table.append(["root mean square error", Figures.short(before), Figures.short(after)])
      table.append(["deviation of the scores", Figures.short(deviation), Figures.short(deviation)])
    default: break
    }
    return [
      "\(shownPath(output).visible()): \(Figures.count(result.parameterCount)) parameters, trained on "
        + "\(Figures.count(result.trainCount)) lines"
    ] + table.lines(on: .standardOutput)
  }

  private var encoded: JSONObject {
    func agreement(_ value: RewardModelFitting.Agreement) -> JSON {
      switch value {
      case .comparisons(let found):
        [
          "accuracy": .number(found.accuracy), "calibration_error": .number(found.calibrationError),
          "gap": .number(found.gap),
        ]
      case .scores(let error, let deviation):
        ["error": .number(error), "deviation": .number(deviation)]
      }
    }
    return [
      "model": .string(output), "parameters": .integer(result.parameterCount),
      "train": .integer(result.trainCount), "test": .integer(result.testCount),
      "before": agreement(result.before), "after": agreement(result.after),
    ]
  }
}
