import Formats
import Testing

@Suite struct SpellingTests {
  @Test(arguments: [
    ("weigth", "weight" as String?), ("wieght", "weight"), ("timeot", "timeout"), ("", nil),
    ("temperature", nil), ("weight", "weight"), (String(repeating: "w", count: 10_000), nil),
  ])
  func suggestsTheNearestNameWithinReach(word: String, suggestion: String?) {
    #expect(Spelling.closest(to: word, among: ["weight", "timeout", "command"]) == suggestion)
  }

  @Test(arguments: [
    ("Grpo", "grpo"), ("GRPO", "grpo"), ("grop", "grpo"), ("ppo", "ppo-clip"), ("PPO", "ppo-clip"),
    ("tprpo", "trpo"), ("dr", "dr-grpo"),
  ])
  func neitherCaseNorAMissingEndLeadsAstray(word: String, suggestion: String) {
    let names = ["trpo", "dr-grpo", "grpo", "ppo-clip", "ppo-kl"]
    #expect(Spelling.closest(to: word, among: names) == suggestion)
  }

  @Test func theFirstOfEqualsWins() {
    #expect(Spelling.closest(to: "ca", among: ["cat", "car"]) == "cat")
  }
}
