import Foundation
import PolicyOptimization
import Testing

@Suite struct ClippedSurrogateTests {
  // By hand with ε_low = 0.2, ε_high = 0.28.
  @Test(arguments: [
    (ratio: 1.1, advantage: 1.0, loss: -1.1, dLogRatio: -1.1),  // inside the band
    (1.5, 1, -1.28, 0),  // clipped from above
    (0.5, 1, -0.5, -0.5),  // min() keeps the worse, unclipped value
    (0.5, -1, 0.8, 0),  // clipped from below
    (1.5, -2, 3, 3),  // a negative advantage is never clipped from above
    (1.28, 1, -1.28, -1.28),  // on the upper bound: the unclipped branch
    (0.8, -1, 0.8, 0.8),  // on the lower bound: the unclipped branch
    (1.5, 0, 0, 0),
  ])
  func matchesEquation7(ratio: Double, advantage: Double, loss: Double, dLogRatio: Double) {
    let term = ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28)(
      ratio: ratio, advantage: advantage)
    #expect(abs(term.loss - loss) < 1e-15)
    #expect(abs(term.dLogRatio - dLogRatio) < 1e-15)
    #expect(term.dLogProb == 0)
  }

  @Test func isNeverBelowTheUnclippedLoss() {
    let surrogate = ClippedSurrogate(epsilonLow: 0.1, epsilonHigh: 0.3)
    for ratio in stride(from: 0.0, through: 3, by: 0.05) {
      for advantage in [-2.0, -0.5, 0, 0.5, 2] {
        #expect(surrogate(ratio: ratio, advantage: advantage).loss >= -ratio * advantage)
      }
    }
  }

  /// Away from the kinks at log 0.8 and log 1.28.
  @Test(arguments: [-0.5, -0.1, 0.1, 0.5], [-1.0, 0.7])
  func derivativeMatchesCentralDifferences(logRatio: Double, advantage: Double) {
    let surrogate = ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28)
    let h = 1e-5
    let above = surrogate(ratio: exp(logRatio + h), advantage: advantage).loss
    let below = surrogate(ratio: exp(logRatio - h), advantage: advantage).loss
    let term = surrogate(ratio: exp(logRatio), advantage: advantage)
    #expect(abs((above - below) / (2 * h) - term.dLogRatio) < 1e-9)
  }

  @Test func notANumberIsPassedOn() {
    let term = ClippedSurrogate()(ratio: .nan, advantage: 1)
    #expect(term.loss.isNaN && term.dLogRatio.isNaN)
  }

  @Test func aSideIsClippedOnlyWhereTheGradientVanishes() {
    let surrogate = ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28)
    #expect(surrogate.clippedSide(ratio: 1.5, advantage: 1) == .high)
    #expect(surrogate.clippedSide(ratio: 1.5, advantage: -1) == nil)
    #expect(surrogate.clippedSide(ratio: 0.5, advantage: -1) == .low)
    #expect(surrogate.clippedSide(ratio: 0.5, advantage: 1) == nil)
    #expect(surrogate.clippedSide(ratio: 1.5, advantage: 0) == nil)
    #expect(surrogate.clippedSide(ratio: 1.28, advantage: 1) == nil)
  }
}
