import Formats
import RewardPlugins
import Rewards
import Testing

@Suite struct RewardRecipeTests {
  private static let forms: [(recipe: JSON, name: String, weight: Double)] = [
    ("exact_match", "exact_match", 1),
    (["exact_match": nil], "exact_match", 1),
    (["numeric_match": ["tolerance": 1], "weight": 0.5], "numeric_match", 0.5),
    (["weight": -2, "name": "short", "regex": ["pattern": "x"]], "short", -2),
    (["command": ["./score.py"], "timeout": 5, "weight": 3], "score", 3),
    (["command": ["python3", "x.py"], "name": "style"], "style", 1),
  ]

  @Test(arguments: forms)
  func readsEveryForm(recipe: JSON, name: String, weight: Double) throws {
    let entry = try RewardSet.Entry(recipe: recipe)
    #expect(entry.function.name == name)
    #expect(entry.weight == weight)
  }

  private static let faults: [(recipe: JSON, text: String)] = [
    (1, "rewards: option of recipe: got an integer; need"),
    (["weight": 1], "rewards: option of recipe: got none; need"),
    (
      ["exact_match": nil, "contains": nil],
      "rewards: option of recipe: got the keys exact_match, contains; need"
    ),
    ("exact_mach", "unknown reward 'exact_mach'; did you mean exact_match?"),
    (["exact_mach": nil], "unknown reward 'exact_mach'; did you mean exact_match?"),
    (["exact_match": "x"], "exact_match: option of reward: got a string; need its options"),
    (["exact_match": nil, "weight": "1"], "weight: option of reward: got \"1\"; need"),
    (["exact_match": nil, "weight": .number(.nan)], "weight: option of reward: got null; need"),
    (["exact_match": nil, "wieght": 1], "rewards: option of recipe: got the keys"),
    (["command": ["x"], "pattern": "y"], "pattern: unknown option of command"),
  ]

  @Test(arguments: faults)
  func whatCannotBeIsRefusedByName(recipe: JSON, text: String) {
    #expect {
      _ = try RewardSet.Entry(recipe: recipe)
    } throws: {
      String(describing: $0).hasPrefix(text)
    }
  }
}
