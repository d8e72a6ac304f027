import PolicyOptimization
import Testing

@Suite struct NormalizedSumAdvantageTests {
  /// A completion of two tokens with its functions' values, and their weighted sum as reward.
  private func completion(_ values: [Double?], weights: [Double]) -> RewardGroups.Completion {
    let components = zip(weights, values).map {
      RewardGroups.Component(weight: $0, value: $1)
    }
    let known = components.compactMap { component in component.value.map { component.weight * $0 } }
    return RewardGroups.Completion(
      tokenCount: 2,
      rewards: known.isEmpty ? nil : .terminal(known.reduce(0, +), tokenCount: 2),
      components: components)
  }

  private func advantages(_ groups: [[[Double?]]], weights: [Double] = [1, 1]) -> Advantages {
    NormalizedSumAdvantage()(
      RewardGroups(groups.map { $0.map { completion($0, weights: weights) } }))
  }

  // Function 1: 1, 0: ±.5/(.70710678 + 1e-4) = ±.70700680; function 2: 0, 10: ∓5/(7.0710678 + 1e-4)
  // = ∓.70709678. With weights 1 and 2: s = ∓.70718676; over the step: mean 0, std 1.00011310, so
  // ∓.70718676/1.00021310.
  @Test func functionsCountByTheirWeightNotBySpread() {
    let result = advantages([[[1, 0], [0, 10]]], weights: [1, 2]).uniform
    #expect(isClose(result, [-0.707_036_09, 0.707_036_09], within: 1e-8))
  }

  /// Sums that tie do not make a group degenerate; equal weighted opinions that cancel do.
  @Test func aGroupWhoseSumsAreEqualGetsExactlyZero() {
    let result = advantages([
      [[1, 0], [0, 1]], [[0.3, 0.7], [0.3, 0.7]], [[1, 5]], [[1, 0], [0, 0]],
    ])
    #expect(result.uniform[..<5] == [0, 0, 0, 0, 0])
    #expect(result.uniform[5] > 0.5 && result.uniform[6] < -0.5)
  }

  @Test func tiesOfTotalsAreToldApart() {
    // Totals 3, 3, 0: by sum the first two are alike; normalized, the rarer one counts more.
    let result = advantages([[[3, 0], [0, 3], [0, 0], [0, 3]]]).uniform
    #expect(result[0] > result[1])
  }

  @Test func whatDoesNotApplyAddsNothing() {
    let result = advantages([[[1, nil], [0, nil], [nil, nil]]])
    #expect(result.uniform[0] == -result.uniform[1] && result.uniform[0] > 0.6)
    #expect(result.uniform[2] == 0 && result.metric("rewards/unscored") == 1)
    let single = advantages([[[1, 5], [0, nil]]]).uniform
    #expect(single == Array(result.uniform[..<2]))
  }

  @Test func nothingScoredIsNothing() {
    #expect(advantages([[[nil, nil]], []]).uniform == [0])
  }
}
