/// Pearson's χ² of observed counts, and the bound that a right sampler stays below.
///
/// The statistic has mean k − 1 and variance 2(k − 1) over k cells; the bound lies five standard
/// deviations above its mean. Cells are expected to hold five draws or more.
package func chiSquared(
  _ observed: [Int], probabilities: [Double]
) -> (statistic: Double, bound: Double) {
  let draws = Double(observed.reduce(0, +))
  var statistic = 0.0
  for (count, p) in zip(observed, probabilities) {
    let expected = draws * p
    precondition(expected >= 5, "a cell is expected to hold \(expected) draws only")
    statistic += (Double(count) - expected) * (Double(count) - expected) / expected
  }
  let freedom = Double(observed.count - 1)
  return (statistic, freedom + 5 * (2 * freedom).squareRoot())
}
