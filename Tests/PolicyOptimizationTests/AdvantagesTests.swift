import PolicyOptimization
import Testing

@Suite struct AdvantagesTests {
  @Test func uniformAndPerTokenAdvantagesAreLaidEndToEnd() {
    let advantages = Advantages(
      completions: [.uniform(2), .perToken([1, -1, 0.5]), .uniform(7)], statistics: [])
    #expect(advantages.values(tokenCounts: [2, 3, 0]) == [2, 2, 1, -1, 0.5])
  }
}
