import Testing
import Training

@Suite struct RecipeOptimizerTests {
  private func optimizer(_ decay: Recipe.Optimizer.Decay) -> Recipe.Optimizer {
    var optimizer = Recipe.Optimizer()
    optimizer.learningRate = 0.002
    optimizer.decay = decay
    optimizer.warmupUpdates = 5
    optimizer.lowestRateRatio = 0.1
    return optimizer
  }

  /// 0.002 · (0.1 + 0.9 · (1 + cos(π·(u − 5)/15)) / 2), computed in Python with float64.
  @Test func warmsUpOnALineAndFallsOnHalfACosine() {
    let expected = [
      0.0004, 0.0008, 0.0012, 0.0016, 0.002, 0.002, 0.001980332840660425, 0.0019221909118783407,
      0.0018281152949374527, 0.0017022175457229725, 0.0015500000000000002, 0.0013781152949374528,
      0.001194075616940888, 0.001005924383059112, 0.0008218847050625476, 0.0006500000000000003,
      0.0004977824542770279, 0.00037188470506254747, 0.0002778090881216592, 0.0002196671593395749,
    ]
    for (update, rate) in expected.enumerated() {
      let found = optimizer(.cosine).learningRate(ofUpdate: update, of: 20)
      #expect(abs(found - rate) < 1e-15, "update \(update)")
    }
  }

  @Test func fallsOnALineToTheLowestRate() {
    let optimizer = optimizer(.linear)
    #expect(optimizer.learningRate(ofUpdate: 5, of: 15) == 0.002)
    // Halfway: 0.002 · (0.1 + 0.9 / 2).
    #expect(abs(optimizer.learningRate(ofUpdate: 10, of: 15) - 0.0011) < 1e-15)
    #expect(abs(optimizer.learningRate(ofUpdate: 15, of: 15) - 0.0002) < 1e-15)
    #expect(abs(optimizer.learningRate(ofUpdate: 99, of: 15) - 0.0002) < 1e-15)
  }

  @Test func aConstantRateIgnoresTheLowestRate() {
    #expect(optimizer(.constant).learningRate(ofUpdate: 19, of: 20) == 0.002)
  }

  @Test func aRunShorterThanItsWarmUpStillHasARate() {
    #expect(optimizer(.cosine).learningRate(ofUpdate: 1, of: 2) == 0.0008)
    #expect(optimizer(.cosine).learningRate(ofUpdate: 5, of: 5) == 0.002)
  }
}
