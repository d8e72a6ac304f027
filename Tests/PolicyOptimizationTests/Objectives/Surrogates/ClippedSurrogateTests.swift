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

  /// L^CLIP ≤ r·Â as objectives to maximize, whatever the bounds: PPO's lower bound.
  ///
  /// The dual clip and δ give it up for Â < 0, where they bound the loss.
  @Test func isALowerBoundOfTheUnclippedObjectiveEverywhere() {
    for epsilons in [(0.1, 0.1), (0.1, 0.3), (0.2, 0.28), (0.9, 4)] {
      let clipped = ClippedSurrogate(epsilonLow: epsilons.0, epsilonHigh: epsilons.1)
      for ratio in stride(from: 0.0, through: 6, by: 0.01) {
        for advantage in [-20, -2.0, -0.5, 0, 0.5, 2, 20] {
          let objective = -clipped(ratio: ratio, advantage: advantage).loss
          #expect(objective <= ratio * advantage)
          if (1 - epsilons.0...1 + epsilons.1).contains(ratio) {
            #expect(objective == ratio * advantage)
          }
        }
      }
    }
  }

  // ε 0.2: δ and c act where the minimum leaves the loss open, at Â < 0 and a large r.
  @Test(
    arguments: [
      (delta: 1.5, dual: nil, ratio: 1.4, loss: 2.8, dLogRatio: 2.8),
      (1.5, nil, 1.5, 3, 3),  // on δ: still the ratio
      (1.5, nil, 9, 3, 0),
      (nil, 3.0, 2.5, 5, 5),
      (nil, 3, 3, 6, 6),  // on c: still the ratio
      (nil, 3, 9, 6, 0),
      (nil, 1.1, 1.15, 2.2, 0),  // c inside the band
      (2, 3, 9, 4, 0),  // δ bounds before c does
      (4, 3, 9, 6, 0),
    ] as [(Double?, Double?, Double, Double, Double)])
  func deltaAndDualClipBoundTheLossOfNegativeAdvantages(
    delta: Double?, dual: Double?, ratio: Double, loss: Double, dLogRatio: Double
  ) {
    let surrogate = ClippedSurrogate(delta: delta, dualClip: dual)
    let term = surrogate(ratio: ratio, advantage: -2)
    #expect(abs(term.loss - loss) < 1e-15 && abs(term.dLogRatio - dLogRatio) < 1e-15)
    #expect(surrogate(ratio: .nan, advantage: -2).loss.isNaN)
  }

  @Test func theFurtherBoundsAreCountedWhereTheyAreSet() {
    var batch = PolicyObjectiveTests.batch
    batch.oldLogProb[4] = -2.7  // r = e² ≈ 7.39 at Â < 0
    func result(_ surrogate: ClippedSurrogate) -> ObjectiveResult {
      PolicyObjective(surrogate: .clipped(surrogate))(batch)
    }
    let none = result(ClippedSurrogate())
    #expect(none.metric("clip_ratio/delta_mean") == nil)
    #expect(none.metric("clip_ratio/dual_mean") == nil)
    let both = result(ClippedSurrogate(delta: 5, dualClip: 3))
    #expect(both.metric("clip_ratio/delta_mean") == 0.2)
    #expect(both.metric("clip_ratio/dual_mean") == 0.2)
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
