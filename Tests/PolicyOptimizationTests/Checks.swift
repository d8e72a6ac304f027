import Formats
import PolicyOptimization

/// ∂loss/∂logProb of one token by central differences.
///
/// Truncation error is O(h²) and round-off O(ulp/h): h = 1e-5 leaves about 1e-10.
func numericalDerivative(
  of objective: some Objective, at batch: ObjectiveBatch, token: Int, step h: Double = 1e-5
) -> Double {
  var (above, below) = (batch, batch)
  above.logProb[token] += h
  below.logProb[token] -= h
  return (objective(above).loss - objective(below).loss) / (2 * h)
}

extension ObjectiveResult {
  /// The metric of a name; nil when there is none.
  func metric(_ name: String) -> Double? {
    metrics.first { $0.name.text == name }?.value
  }
}

extension Advantages {
  func metric(_ name: String) -> Double? {
    metrics.first { $0.name.text == name }?.value
  }

  /// One advantage per completion; NaN where they are per token.
  var uniform: [Double] {
    completions.map { if case .uniform(let advantage) = $0 { advantage } else { .nan } }
  }
}

extension RewardGroups {
  /// Groups of two-token completions with one score each.
  init(_ scores: [Double?]...) {
    self.init(scores: scores, tokenCounts: scores.map { $0.map { _ in 2 } })
  }
}

/// |aᵢ − bᵢ| ≤ tolerance for every i, and as many a as b.
func isClose(_ a: [Double], _ b: [Double], within tolerance: Double) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }
}
