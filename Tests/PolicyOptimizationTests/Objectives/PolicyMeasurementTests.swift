import Formats
import PolicyOptimization
import Testing

@Suite struct PolicyMeasurementTests {
  @Test func partsCountByTheirTokens() {
    let whole = PolicyMeasurement(of: [
      (PolicyMeasurement(klOld: 1, entropy: 4), 1), (PolicyMeasurement(klOld: 3), 3),
    ])
    #expect(whole == PolicyMeasurement(klOld: 2.5, entropy: 1))
    #expect(PolicyMeasurement(of: [(PolicyMeasurement(entropy: 0.3), 7)]).entropy == 0.3)
    #expect(PolicyMeasurement(of: [(PolicyMeasurement(entropy: 0.3), 0)]).entropy == 0)
  }

  /// An adaptive coefficient and a line of the log see the same numbers.
  @Test func theLogHasWhatWasMeasured() {
    var batch = PolicyObjectiveTests.entropic
    batch.mask[1] = false
    let result = PolicyObjectiveAdaptationTests.adaptive(batch)
    let measured = result.measurement
    #expect(measured.entropy == 3.25 && measured.klOld != nil && measured.klReference != nil)
    #expect(result.metric("kl") == measured.klReference)
    #expect(result.metric("kl_old") == measured.klOld)
    #expect(result.metric("entropy") == measured.entropy)
    let likelihood = Likelihood()(batch)
    #expect(likelihood.measurement == PolicyMeasurement(entropy: 3.25))
    #expect(likelihood.metrics == [Metric(.entropy, 3.25)])
  }
}
