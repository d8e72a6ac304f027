import PolicyOptimization
import Testing

@Suite struct ScoreLossTests {
  @Test func scoresAreFittedBySquares() {
    let (loss, dReward) = ScoreLoss()(rewards: [1, -1], scores: [0.5, 1])
    #expect(loss == (0.25 + 4) / 2)
    #expect(dReward == [0.5, -2])
    #expect(ScoreLoss()(rewards: [], scores: []).loss == 0)
  }
}
