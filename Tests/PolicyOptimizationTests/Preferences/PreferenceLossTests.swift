import Foundation
import PolicyOptimization
import Testing

@Suite struct PreferenceLossTests {
  private let comparisons: [PreferenceLoss.Comparison] = [
    .init(chosen: 1.5, rejected: 0.25), .init(chosen: -0.75, rejected: 0.5, margin: 0.3),
    .init(chosen: 0, rejected: 0),
  ]

  /// −log σ(x) by its definition.
  private func expected(_ comparison: PreferenceLoss.Comparison, centring c: Double) -> Double {
    let x = comparison.chosen - comparison.rejected - comparison.margin
    let sum = comparison.chosen + comparison.rejected
    return -log(1 / (1 + exp(-x))) + c * sum * sum
  }

  @Test(arguments: [0, 0.01, 2]) func lossIsItsDefinition(centring: Double) {
    let result = PreferenceLoss(centring: centring)(comparisons)
    let mean = comparisons.reduce(0) { $0 + expected($1, centring: centring) } / 3
    #expect(abs(result.loss - mean) < 1e-15)
  }

  @Test(arguments: [0, 0.01, 2]) func derivativesAreThoseOfTheLoss(centring: Double) {
    let loss = PreferenceLoss(centring: centring)
    let result = loss(comparisons)
    let h = 1e-6
    for place in comparisons.indices {
      func difference(_ path: WritableKeyPath<PreferenceLoss.Comparison, Double>) -> Double {
        var (above, below) = (comparisons, comparisons)
        above[place][keyPath: path] += h
        below[place][keyPath: path] -= h
        return (loss(above).loss - loss(below).loss) / (2 * h)
      }
      #expect(abs(difference(\.chosen) - result.dChosen[place]) < 1e-9)
      #expect(abs(difference(\.rejected) - result.dRejected[place]) < 1e-9)
    }
  }

  @Test func farApartRewardsNeitherOverflowNorVanish() {
    let right = PreferenceLoss()([.init(chosen: 1e4, rejected: -1e4)])
    #expect(right.loss == 0 && right.dChosen[0] == 0)
    let wrong = PreferenceLoss()([.init(chosen: -1e4, rejected: 1e4)])
    #expect(wrong.loss == 2e4 && wrong.dChosen[0] == -1 && wrong.dRejected[0] == 1)
    #expect(PreferenceLoss()([]).loss == 0)
  }
}
