import Formats
import PolicyOptimization
import Testing

@Suite struct ValueLossTests {
  static let batch: ObjectiveBatch = {
    var batch = PolicyObjectiveTests.batch
    batch.value = [1, 2, 3, 4, 5]
    batch.oldValue = [1, 1, 3.2, 4, 5.5]
    batch.valueTarget = [1, 3, 2, 4, 7]
    return batch
  }()

  // Errors 0, −1, 1, 0, −2: (1 + 1 + 4)/5. R̂: mean 3.4, Σ² = 21.2; errors: mean −.4, Σ² = 5.2.
  @Test func lossGradientAndVarianceMatchHandComputedValues() {
    let result = ValueLoss()(Self.batch)
    #expect(abs(result.loss - 1.2) < 1e-15)
    #expect(isClose(result.dValue ?? [], [0, -0.4, 0.4, 0, -0.8], within: 1e-15))
    #expect(result.dLogProb == [0, 0, 0, 0, 0])
    #expect(result.metrics.map(\.name.text) == ["value_loss", "explained_variance"])
    #expect(abs((result.metric("explained_variance") ?? 0) - (1 - 5.2 / 21.2)) < 1e-15)
  }

  // ε = ½: token 1 moved from 1 to 2, bounded to 1.5, error −1.5: worse, so it counts. Token 4
  // moved from 5.5 to 5, on the bound. The others moved less.
  @Test func theClipTakesTheGradientOfAValueThatMovedTooFar() {
    let result = ValueLoss(clipRange: 0.5)(Self.batch)
    #expect(abs(result.loss - (2.25 + 1 + 4) / 5) < 1e-15)
    #expect(isClose(result.dValue ?? [], [0, 0, 0.4, 0, -0.8], within: 1e-15))
    #expect(result.metric("value_clip_ratio") == 0.2)
  }

  /// The bounded error may be the smaller one: then the plain error counts, as in PPO's clip.
  @Test func theWorseErrorCounts() {
    var batch = Self.batch
    batch.oldValue = [0, 2, 3, 4, 9]
    batch.value?[4] = 7.5  // bounded to 8.5, error 1.5; its own is .5
    let result = ValueLoss(clipRange: 0.5, aggregation: .sum)(batch)
    #expect(result.dValue?[4] == 0)
    batch.valueTarget?[4] = 9  // bounded error −.5, its own −1.5
    #expect(ValueLoss(clipRange: 0.5, aggregation: .sum)(batch).dValue?[4] == -3)
  }

  @Test func maskedTokensAndAggregationsCountAsInThePolicyLoss() {
    var batch = Self.batch
    batch.mask = [true, true, true, false, false]
    batch.valueTarget?[3] = .nan
    let result = ValueLoss(aggregation: .constantLength(4))(batch)
    #expect(result.loss == 2.0 / 8 && result.dValue?[3...] == [0, 0])
  }

  @Test func constantTargetsHaveNoVarianceToExplain() {
    var batch = Self.batch
    batch.valueTarget = [2, 2, 2, 2, 2]
    #expect(ValueLoss()(batch).metric("explained_variance") == nil)
    batch.mask = [false, false, false, false, false]
    #expect(ValueLoss()(batch).loss == 0)
  }

  @Test(arguments: [nil, 0.3])
  func gradientMatchesCentralDifferences(clipRange: Double?) throws {
    let objective = ValueLoss(clipRange: clipRange, aggregation: .sequenceMean)
    let dValue = try #require(objective(Self.batch).dValue)
    for t in 0..<5 {
      var (above, below) = (Self.batch, Self.batch)
      above.value?[t] += 1e-5
      below.value?[t] -= 1e-5
      // Quadratic: no truncation error, and about 1e-11 of round-off.
      let numerical = (objective(above).loss - objective(below).loss) / 2e-5
      #expect(abs(numerical - dValue[t]) < 1e-9, "token \(t)")
    }
  }
}
