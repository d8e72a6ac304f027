import Sampling
import Testing

@Suite struct SamplingOptionsTests {
  @Test func defaultsLeaveTheDistributionAsItIs() {
    let options = SamplingOptions(maximumTokens: 8, eosIDs: [2])
    #expect(options.temperature == 1 && options.topK == nil)
    #expect(options.topP == 1 && options.minP == 0)
    #expect(options.maximumTokens == 8 && options.eosIDs == [2])
  }

  @Test func topKOfZeroIsOff() {
    let off = SamplingOptions(topK: 0, maximumTokens: 8, eosIDs: [2])
    #expect(off == SamplingOptions(maximumTokens: 8, eosIDs: [2]))
    #expect(SamplingOptions(topK: 1, maximumTokens: 8, eosIDs: [2]).topK == 1)
  }

  /// Greedy tokens are scored by the distribution at temperature 1.
  @Test func greedyTokensHaveTheirOwnTemperature() {
    for (temperature, scoring) in [(0.0, 1.0), (0.3, 0.3), (1, 1), (2, 2)] {
      let options = SamplingOptions(temperature: temperature, maximumTokens: 8, eosIDs: [])
      #expect(options.scoringTemperature == scoring)
    }
  }
}
