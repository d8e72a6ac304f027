internal import Evaluation
public import Formats
internal import Runs

extension ComparisonResult {
  /// The names of the files that `write` makes.
  public static let files = RunDirectory.comparisonFiles

  /// Makes the directory, and sure that `write` can write there, before there are runs to lose.
  static func makePlace(in directory: String) throws(FormatError) {
    try Files.createDirectory(directory)
    for name in files { try Files.checkPlace(ofFile: "\(directory)/\(name)") }
  }

  /// Writes `results.csv`, `differences.csv`, `curves.csv` and `curves.svg`, which are the same
  /// bytes for the same runs.
  public func write(to directory: String) throws(FormatError) {
    try Files.createDirectory(directory)
    for (name, text) in zip(
      Self.files, [resultsCSV, differencesCSV, curvesCSV, learningCurves.svg])
    {
      try Files.writeAtomically(Array(text.utf8), to: "\(directory)/\(name)")
    }
  }

  /// One row a run: accuracies, scores, and the metrics' means over the last tenth of the steps.
  ///
  /// What is unknown is empty. The reasons of runs that are not finished stand in a column of their
  /// own, and so do the names of findings, where there are some.
  public var resultsCSV: String {
    let scales = Scale.allCases
    var table = ResultTable(
      ["recipe", "seed", "variant", "status", "steps", "before", "after"]
        + scales.map(\.rawValue) + metrics + (isComplete ? [] : ["reason"])
        + (found.isEmpty ? [] : ["findings"]))
    for run in runs {
      var cells: [ResultTable.Cell] = [
        .text(run.recipe), .text(String(run.seed)), .text(run.variant),
        .text(run.status.rawValue), .text(String(run.steps.last?.step ?? 0)),
        .number(run.before), .number(run.after),
      ]
      cells += scales.map { .number(score(of: run, $0)) }
      cells += metrics.indices.map { .number(run.steps.isEmpty ? nil : run.metrics[$0]) }
      if !isComplete { cells.append(.text(run.reason ?? "")) }
      if !found.isEmpty { cells.append(.text(run.findings.map(\.name).joined(separator: " "))) }
      table.append(cells)
    }
    return table.text
  }

  /// One row a pair of variants and quantity: of each recipe and, without a recipe's name, of all.
  ///
  /// `seeds` is the number of differences, `lower` and `upper` are the ends of their 95 % interval
  /// by Student's t; what is unknown is empty.
  public var differencesCSV: String {
    var table = ResultTable([
      "recipe", "quantity", "variant", "baseline", "seeds", "difference", "standard_error",
      "lower", "upper",
    ])
    for difference in differences {
      let (estimate, interval) = (difference.estimate, difference.interval)
      let names = [
        difference.recipe ?? "", difference.quantity.name, difference.variant, difference.baseline,
        String(estimate?.count ?? 0),
      ]
      let numbers: [Double?] = [
        estimate?.mean, estimate?.standardError, interval?.lowerBound, interval?.upperBound,
      ]
      table.append(names.map { .text($0) } + numbers.map { .number($0) })
    }
    return table.text
  }

  /// One row a step of each run; step 0 is the warm start.
  ///
  /// Accuracy is empty at the steps that were not evaluated.
  public var curvesCSV: String {
    var table = ResultTable(["recipe", "seed", "variant", "step", "reward", "accuracy"] + metrics)
    for run in runs {
      let start = ComparedRun.Step(
        step: 0, reward: nil, accuracy: run.before, metrics: metrics.map { _ in nil })
      for step in [start] + run.steps {
        table.append(
          [.text(run.recipe), .text(String(run.seed)), .text(run.variant)]
            + [.text(String(step.step)), .number(step.reward), .number(step.accuracy)]
            + step.metrics.map { .number($0) })
      }
    }
    return table.text
  }
}

/// Lines of a CSV file, which end in LF.
struct ResultTable {
  enum Cell {
    case text(String)
    /// The shortest decimal that reads back to the same bits; empty for nil.
    case number(Double?)
  }

  private(set) var text = ""

  init(_ header: [String]) { append(header.map(Cell.text)) }

  mutating func append(_ cells: [Cell]) {
    text += cells.map(Self.written).joined(separator: ",") + "\n"
  }

  private static func written(_ cell: Cell) -> String {
    switch cell {
    case .number(let number): number?.description ?? ""
    case .text(let text): CSV.cell(text)
    }
  }
}
