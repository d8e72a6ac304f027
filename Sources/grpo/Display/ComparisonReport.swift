import Evaluation
import Formats
import Training

/// What a comparison says of itself on standard output.
struct ComparisonReport: Report {
  let result: ComparisonResult
  private let output: String

  init(_ result: ComparisonResult, output: String) {
    (self.result, self.output) = (result, output)
  }

  // MARK: For people

  var lines: [String] {
    var table = TextTable()
    for recipe in result.recipes { append(recipe, to: &table) }
    if result.recipes.count > 1 { appendAll(to: &table) }
    let terminal = Terminal.standardOutput
    let files = ComparisonResult.files.map { shownPath("\(output)/\($0)").visible() }
    return table.lines(on: terminal) + differences.lines(on: terminal)
      + notes.flatMap { terminal.wrapped($0, indent: 2) }
      + (failures + findings).flatMap { terminal.wrapped($0, indent: 8) }
      + terminal.listed("files  ", files)
  }

  /// The runs that did not come to their end.
  private var unfinished: [ComparedRun] { result.runs.filter { $0.status != .finished } }

  /// The same, and why.
  private var failures: [String] {
    unfinished.map { run in
      "failed  \(run.name.visible()): \((run.reason ?? "numbers that are not finite").visible())"
    }
  }

  /// What runs show that their user should know: of each variant each kind once.
  private var findings: [String] {
    result.recipes.flatMap { recipe in
      result.variants.flatMap { variant in
        let runs = result.runs(of: variant, recipe: recipe)
        var kinds: [(first: Finding, count: Int)] = []
        for finding in runs.flatMap(\.findings) {
          if let index = kinds.firstIndex(where: { $0.first.name == finding.name }) {
            kinds[index].count += 1
          } else {
            kinds.append((finding, 1))
          }
        }
        return kinds.map { kind in
          "check   \(recipe.visible()), \(variant.visible()), \(kind.count) of \(runs.count): "
            + "\(kind.first.evidence.visible()): \(kind.first.advice.visible())"
        }
      }
    }
  }

  private func append(_ recipe: String, to table: inout TextTable) {
    let seeds = result.runs(of: result.variants.first ?? "", recipe: recipe).count
    table.append(
      title: [
        "\(recipe.visible()), \(NumberFormat.count(seeds, "seed"))", "before, %", "after, %",
        "gain",
      ]
        + result.metrics.map { $0.visible() } + failedTitle)
    for variant in result.variants {
      let row = result.row(variant, recipe: recipe)
      let gain = row.gain.map {
        NumberFormat.estimate($0, NumberFormat.points, error: NumberFormat.percent)
      }
      table.append(
        [
          variant.visible(), row.before.map(NumberFormat.estimate) ?? "–",
          row.after.map(NumberFormat.estimate) ?? "–", gain ?? "–",
        ] + metrics(of: row) + failures(of: row))
    }
  }

  /// Scores over all recipes and seeds; the accuracies themselves cannot be averaged.
  private func appendAll(to table: inout TextTable) {
    table.append(
      title: ["all \(result.recipes.count) recipes", "normalised", "from zero", ""]
        + result.metrics.map { $0.visible() } + failedTitle)
    for variant in result.variants {
      let row = result.row(variant, recipe: nil)
      table.append(
        [variant.visible()] + row.scores.map(Self.score) + [""] + metrics(of: row)
          + failures(of: row))
    }
  }

  private var failedTitle: [String] { unfinished.isEmpty ? [] : ["failed"] }

  private func failures(of row: ComparisonResult.Row) -> [String] {
    unfinished.isEmpty ? [] : ["\(row.failed) of \(row.count)"]
  }

  private func metrics(of row: ComparisonResult.Row) -> [String] {
    row.metrics.map { metric in
      metric.map { NumberFormat.estimate($0, NumberFormat.short, error: NumberFormat.short) } ?? "–"
    }
  }

  private static func score(_ score: MeanEstimate?) -> String {
    func number(_ value: Double) -> String { NumberFormat.fixed(value, digits: 2) }
    return score.map { NumberFormat.estimate($0, number, error: number) } ?? "–"
  }

  // MARK: For programs

  var encoded: JSONObject {
    [
      "output": .string(output),
      "recipes": .array(
        result.recipes.map { recipe in
          [
            "name": .string(recipe),
            "variants": .array(result.variants.map { encoded($0, recipe: recipe) }),
          ]
        }),
      "all": .array(result.variants.map { encoded($0, recipe: nil) }),
      "failures": .array(
        unfinished.map { run in
          [
            "recipe": .string(run.recipe), "seed": .integer(run.seed),
            "variant": .string(run.variant), "status": .string(run.status.rawValue),
            "reason": run.reason.map { .string($0) } ?? .null,
          ]
        }),
      "findings": .array(
        result.found.map { run in
          [
            "recipe": .string(run.recipe), "seed": .integer(run.seed),
            "variant": .string(run.variant), "findings": .array(run.findings.map(\.encoded)),
          ]
        }),
      "differences": .array(result.differences.map(encoded)),
      "files": .array(ComparisonResult.files.map { .string("\(output)/\($0)") }),
    ]
  }

  private func encoded(_ difference: ComparisonResult.Difference) -> JSON {
    var object: JSONObject = [
      "recipe": difference.recipe.map { .string($0) } ?? .null,
      "quantity": .string(difference.quantity.name), "variant": .string(difference.variant),
      "baseline": .string(difference.baseline),
      "seeds": .integer(difference.estimate?.count ?? 0),
    ]
    let estimate = MeanEstimate.encoded(difference.estimate, mean: "difference")
    for (key, value) in estimate.entries { object[key] = value }
    object["interval"] =
      difference.interval.map { [.number($0.lowerBound), .number($0.upperBound)] } ?? .null
    return .object(object)
  }

  private func encoded(_ variant: String, recipe: String?) -> JSON {
    func estimate(_ value: MeanEstimate?) -> JSON {
      value.map { .object(MeanEstimate.encoded($0, mean: "mean")) } ?? .null
    }
    let row = result.row(variant, recipe: recipe)
    var object: JSONObject = [
      "name": .string(variant), "runs": .integer(row.count), "failed": .integer(row.failed),
    ]
    if recipe != nil {
      object["before"] = estimate(row.before)
      object["after"] = estimate(row.after)
      object["gain"] = estimate(row.gain)
    }
    for (scale, score) in zip(ComparisonResult.Scale.allCases, row.scores) {
      object[scale.rawValue] = estimate(score)
    }
    object["metrics"] = .object(
      JSONObject(zip(result.metrics, row.metrics).map { ($0, estimate($1)) }))
    return .object(object)
  }
}
