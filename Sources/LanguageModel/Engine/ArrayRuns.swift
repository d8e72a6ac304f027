extension Array {
  /// The ranges of elements that are computed together: as many as weigh `limit` at most, but for a
  /// single one that weighs more.
  package func runs(of limit: Int, weighing weight: (Element) -> Int) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var (start, sum) = (0, 0)
    for (i, element) in enumerated() {
      let own = weight(element)
      if i > start, sum + own > limit {
        runs.append(start..<i)
        (start, sum) = (i, 0)
      }
      sum += own
    }
    if start < count { runs.append(start..<count) }
    return runs
  }
}
