import Evaluation
import Formats
import Training

extension ComparisonReport {
  private var seedCount: Int { Set(result.runs.map(\.seed)).count }

  /// Variants of which every pair is shown.
  private static let mostInPairs = 4

  /// Whether pairs are shown, or the first variant with each of the others.
  private var showsPairs: Bool { result.variants.count <= Self.mostInPairs }

  /// Those of the accuracy, or of the reward where nothing is held out; with several recipes, of all
  /// together.
  private var shownDifferences: [ComparisonResult.Difference] {
    guard let quantity = result.quantities.first else { return [] }
    let recipe = result.recipes.count == 1 ? result.recipes.first : nil
    return result.differences.filter {
      $0.recipe == recipe && $0.quantity == quantity && $0.estimate != nil
        && (showsPairs || $0.baseline == result.variants.first)
    }
  }

  /// Each pair of variants with its difference; no lines where there is none.
  var differences: TextTable {
    var table = TextTable()
    let shown = shownDifferences
    guard let first = shown.first else { return table }
    let isAccuracy = first.quantity == .accuracy
    table.append(title: [
      "paired differences",
      isAccuracy ? "after, points" : "reward, last tenth of the steps",
    ])
    func number(_ value: Double) -> String {
      isAccuracy ? NumberFormat.points(value) : NumberFormat.signed(value)
    }
    for difference in shown {
      let seeds = NumberFormat.count(difference.estimate?.count ?? 0, "seed")
      var text = difference.estimate.map { number($0.mean) } ?? "–"
      if difference.estimate?.standardError == 0 {
        text += " " + "with each of \(seeds)".heldTogether
      } else {
        if let interval = difference.interval {
          text += " " + NumberFormat.interval(interval, number).heldTogether
        }
        text += ", " + seeds.heldTogether
      }
      table.append(["\(difference.variant.visible()) − \(difference.baseline.visible())", text])
    }
    return table
  }

  /// What the numbers are, and what is not among them.
  var notes: [String] {
    if seedCount < 2 {
      return ["one seed says nothing about the spread between seeds (use --seeds)"]
    }
    var notes = [
      "± and the band of curves.svg: one standard error of the mean over "
        + NumberFormat.count(seedCount, "seed")
    ]
    let shown = shownDifferences
    if shown.contains(where: { $0.interval != nil && $0.estimate?.standardError != 0 }) {
      notes.append("95 %: Student's t interval over seeds, one pair at a time")
    }
    if !shown.isEmpty, result.recipes.count > 1 {
      notes.append(
        "each seed's difference is the mean over \(result.recipes.count) recipes; differences.csv and "
          + "--json have each recipe's own")
    }
    if !showsPairs, !shown.isEmpty {
      notes.append(
        "only differences from the first variant are shown; differences.csv and --json have all pairs"
      )
    }
    return notes
  }
}
