import Formats
import PolicyOptimization
import Training

/// What `grpo reward train` says of the model it made.
struct RewardModelReport: Report {
  private let result: RewardModelFitting.Result
  private let output: String

  init(_ result: RewardModelFitting.Result, output: String) {
    (self.result, self.output) = (result, output)
  }

  var lines: [String] {
    var table = TextTable()
    table.append(title: [
      "\(NumberFormat.count(result.testCount)) held-out lines", "before", "after",
    ])
    func row(
      _ name: String, _ before: Double, _ after: Double,
      _ text: (Double) -> String = NumberFormat.short
    ) {
      table.append([name, text(before), text(after)])
    }
    switch (result.before, result.after) {
    case (.comparisons(let before), .comparisons(let after)):
      row("accuracy, %", before.accuracy, after.accuracy, NumberFormat.percent)
      row("calibration error", before.calibrationError, after.calibrationError)
      row("mean gap", before.gap, after.gap)
    case (.scores(let before, let deviation), .scores(let after, _)):
      row("root mean square error", before, after)
      row("deviation of the scores", deviation, deviation)
    default: break
    }
    let terminal = Terminal.standardOutput
    let title =
      "\(shownPath(output).visible()): \(NumberFormat.count(result.parameterCount)) parameters, "
      + "trained on \(NumberFormat.count(result.trainCount)) lines"
    return terminal.wrapped(title, indent: 2) + table.lines(on: terminal)
  }

  var encoded: JSONObject {
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
