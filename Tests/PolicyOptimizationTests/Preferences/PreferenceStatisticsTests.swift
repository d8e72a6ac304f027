import Foundation
import PolicyOptimization
import Testing

@Suite struct PreferenceStatisticsTests {
  @Test func accuracyCountsTiesAsHalf() throws {
    let found = try #require(
      PreferenceStatistics([
        .init(chosen: 1.5, rejected: 0.25), .init(chosen: -0.75, rejected: 0.5, margin: 0.3),
        .init(chosen: 0, rejected: 0),
      ]))
    #expect(found.count == 3)
    #expect(found.accuracy == 0.5)
    #expect(abs(found.gap) < 1e-15)
    #expect(PreferenceStatistics([]) == nil)
  }

  @Test func calibrationIsTheDistanceOfConfidenceAndAccuracy() throws {
    // σ(log 3) = 3/4: three of four right is calibrated.
    let sure = log(3.0)
    let right = PreferenceLoss.Comparison(chosen: sure, rejected: 0)
    let wrong = PreferenceLoss.Comparison(chosen: 0, rejected: sure)
    let honest = try #require(PreferenceStatistics([right, right, right, wrong]))
    #expect(abs(honest.calibrationError) < 1e-12)
    let boastful = try #require(PreferenceStatistics([wrong, wrong, right, wrong]))
    #expect(abs(boastful.calibrationError - 0.5) < 1e-12)
  }
}
