import Rewards
import Testing

@Suite struct MeanTests {
  @Test func isTheSumDividedByTheCount() {
    #expect([0.1, 0.2, 0.3].mean == (0.1 + 0.2 + 0.3) / 3)
    #expect([Double]().mean == nil)
  }

  @Test func ofFiniteNumbersIsFinite() {
    #expect([1.5e308, 1.5e308, 1.5e308, 1.5e308].mean == 1.5e308)
    #expect([-1.6e308, -1.6e308].mean == -1.6e308)
    #expect([1.6e308, 1.6e308, -1.6e308, -1.6e308][...].mean == 0)
    #expect([Double.infinity, 1].mean == .infinity)
  }
}
