import Evaluation

/// What an evaluation found as rows of a table, or two of them and how they differ.
struct AccuracyRows {
  /// One a column.
  let reports: [EvaluationReport]
  /// The column that the other one is taken from.
  let newer: Int

  /// - Parameters:
  ///   - difference: What the row of the greedy accuracy says in the last column, if not the
  ///     difference alone.
  ///   - passAt: The k of pass@k that are shown.
  ///   - majorityAt: The k of maj@k that are shown.
  func append(
    to table: inout TextTable, greedy: String, difference: String? = nil, passAt: [Int],
    majorityAt: [Int]
  ) {
    func append(
      _ name: String, difference: String? = nil, _ value: (EvaluationReport) -> MeanEstimate??
    ) {
      let found = reports.compactMap { value($0) ?? nil }
      guard found.count == reports.count else { return }
      var cells = [name] + found.map { NumberFormat.estimate($0) }
      if found.count > 1 {
        let own = NumberFormat.points(found[newer].mean - found[1 - newer].mean)
        cells.append(difference ?? own)
      }
      table.append(cells)
    }
    append(greedy, difference: difference) { $0.greedy }
    if reports[newer].greedyReward != nil {
      let means = reports.map { $0.greedyReward.map { NumberFormat.short($0.mean) } ?? "" }
      table.append(["greedy reward, mean"] + means)
    }
    guard let sampled = reports[newer].sampled else { return }
    append("sampled, temperature \(NumberFormat.short(sampled.temperature))") {
      $0.sampled?.accuracy
    }
    for k in passAt {
      append("pass@\(k)") { $0.sampled?.passAtK.first { $0.k == k }?.value }
    }
    for k in majorityAt {
      append(sampled.majorityName(k)) { $0.sampled?.majorityAtK.first { $0.k == k }?.value }
    }
  }
}
