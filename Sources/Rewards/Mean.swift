extension Collection<Double> {
  /// Σ x / n; nil for no numbers.
  ///
  /// Edge cases: where finite numbers have a sum that overflows, each is divided before it is added,
  /// so that their mean is finite, as they are.
  package var mean: Double? {
    if isEmpty { return nil }
    let sum = reduce(0, +)
    if !sum.isFinite, allSatisfy(\.isFinite) { return reduce(0) { $0 + $1 / Double(count) } }
    return sum / Double(count)
  }
}
