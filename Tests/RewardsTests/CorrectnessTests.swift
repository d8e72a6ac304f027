import Rewards
import Testing

@Suite struct CorrectnessTests {
  @Test(arguments: 1...1000)
  func sharesThatAddUpToOneAreRight(count: Int) {
    let share = 1 / Double(count)
    #expect(Correctness.isCorrect((0..<count).reduce(0.0) { sum, _ in sum + share }))
    #expect(!Correctness.isCorrect((1..<count).reduce(0.0) { sum, _ in sum + share }))
  }

  @Test(
    arguments: [
      (1.0, true), (2, true), (1 - 0x1p-53, true), (1 - 0x1p-42, false), (0.9999999, false),
      (0, false), (-1, false), (nil, false), (.infinity, true),
    ] as [(Double?, Bool)])
  func nothingElseBelowOneIs(reward: Double?, isCorrect: Bool) {
    #expect(Correctness.isCorrect(reward) == isCorrect)
  }
}
