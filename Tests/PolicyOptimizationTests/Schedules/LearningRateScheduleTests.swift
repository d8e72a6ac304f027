import Foundation
import PolicyOptimization
import Testing

@Suite struct LearningRateScheduleTests {
  /// Computed with PyTorch in float64: peak 0.002, 5 warm-up updates, cosine to 10 %, 20 updates.
  static let cosine = [
    0.0004, 0.0008, 0.0012, 0.0016, 0.002, 0.002, 0.001980332840660425, 0.0019221909118783407,
    0.0018281152949374527, 0.0017022175457229725, 0.0015500000000000002, 0.0013781152949374528,
    0.001194075616940888, 0.001005924383059112, 0.0008218847050625476, 0.0006500000000000003,
    0.0004977824542770279, 0.00037188470506254747, 0.0002778090881216592, 0.0002196671593395749,
  ]

  @Test func cosineMatchesPyTorch() {
    let schedule = LearningRateSchedule(
      peak: 0.002, warmUpUpdates: 5, totalUpdates: 20, decay: .cosine, floor: 0.1)
    let rates = (0..<20).map(schedule.learningRate(at:))
    // A few ulps of 0.002.
    #expect(isClose(rates, Self.cosine, within: 1e-17))
  }

  @Test func linearFallsEvenlyToItsFloor() {
    let schedule = LearningRateSchedule(
      peak: 1, warmUpUpdates: 2, totalUpdates: 6, decay: .linear, floor: 0.2)
    let rates = (0..<8).map(schedule.learningRate(at:))
    #expect(isClose(rates, [0.5, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2], within: 1e-15))
  }

  @Test func constantStaysAtThePeak() {
    let schedule = LearningRateSchedule(peak: 3, warmUpUpdates: 0, totalUpdates: 2)
    #expect((0..<5).allSatisfy { schedule.learningRate(at: $0) == 3 })
  }

  @Test func aRunShorterThanItsWarmUpNeverDecays() {
    let schedule = LearningRateSchedule(
      peak: 1, warmUpUpdates: 4, totalUpdates: 2, decay: .cosine)
    #expect((0..<4).map(schedule.learningRate(at:)) == [0.25, 0.5, 0.75, 1])
    #expect(schedule.learningRate(at: 4) == 0)
  }

  @Test func afterTheLastUpdateTheFloorHolds() {
    let schedule = LearningRateSchedule(peak: 1, totalUpdates: 3, decay: .cosine, floor: 0.25)
    #expect([3, 4, 1000].allSatisfy { schedule.learningRate(at: $0) == 0.25 })
  }
}
